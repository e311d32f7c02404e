/** Steps as functions: a run calls its kernel, and a `Repeat` is a loop around its body. */
import { writes } from './access.ts'
import type { BufferParam, Kernel } from './kernel.ts'
import { ExprPool } from './pool.ts'
import type { ProgramBuffer, Repeat, Step } from './program.ts'

/** Runs a kernel with the memory of each of its buffers, and the number for each of its scalars. */
export type CompiledKernel<M> = (buffers: readonly M[], scalars: readonly number[]) => void

/** How `kernelBackend` runs a kernel. */
export interface KernelCompiler<M> {
  compileKernel(kernel: Kernel): CompiledKernel<M>
  /** Memory that shares elements start … start + length − 1. Without it slices of a `Repeat` are copied in and out. */
  view?(memory: M, start: number, length: number): M
  /** Makes `to` hold what `from` holds, both of one dtype and length. Without it a kernel copies the carries of a `Repeat`. */
  copy?(from: M, to: M): void
}

/** Runs with the memory of the program's buffers, and its scalars, by their positions in the program. */
export type CompiledStep<M> = (memory: M[], scalars: readonly number[]) => void

/** A step as a function of the program's buffers and scalars. */
export function compileStep<M>(step: Step, buffers: readonly ProgramBuffer[], compiler: KernelCompiler<M>): CompiledStep<M> {
  if (step.kind === 'repeat') return compileRepeat(step, buffers, compiler)
  const run = compiler.compileKernel(step.kernel)
  return (memory, scalars) => {
    const numbers = step.scalars.map((s) => scalars[s]!)
    run(
      step.buffers.map((b) => memory[b]!),
      numbers,
    )
  }
}

function compileRepeat<M>(repeat: Repeat, buffers: readonly ProgramBuffer[], compiler: KernelCompiler<M>): CompiledStep<M> {
  const written = writtenBy(repeat.body)
  const slices = repeat.slices.map((s) => compileSlice(s, buffers, written.has(s.buffer), compiler))
  const body = repeat.body.map((step) => compileStep(step, buffers, compiler))
  const carries = repeat.carries.map(({ current, next }) => {
    if (compiler.copy) return (memory: M[]): void => compiler.copy!(memory[next]!, memory[current]!)
    const copy = compileCopy(buffers[next]!, buffers[current]!, buffers[next]!.length, compiler)
    return (memory: M[]): void => copy(memory[next]!, 0, memory[current]!, 0)
  })
  return (memory, scalars) => {
    for (let t = 0; t < repeat.count; t++) {
      for (const slice of slices) slice.enter(memory, t)
      for (const run of body) run(memory, scalars)
      for (const slice of slices) slice.leave(memory, t)
      for (const carry of carries) carry(memory)
    }
  }
}

/** How a slice comes by its part, and gives back what the body wrote to it. */
interface CompiledSlice<M> {
  enter(memory: M[], t: number): void
  leave(memory: M[], t: number): void
}

function compileSlice<M>(
  { buffer, of, start, stride }: Repeat['slices'][number],
  buffers: readonly ProgramBuffer[],
  written: boolean,
  compiler: KernelCompiler<M>,
): CompiledSlice<M> {
  const { length } = buffers[buffer]!
  if (compiler.view) {
    const enter = (memory: M[], t: number): void => {
      memory[buffer] = compiler.view!(memory[of]!, start + t * stride, length)
    }
    return { enter, leave: () => {} }
  }
  const load = compileCopy(buffers[of]!, buffers[buffer]!, length, compiler)
  const save = compileCopy(buffers[buffer]!, buffers[of]!, length, compiler)
  return {
    enter: (memory, t) => load(memory[of]!, start + t * stride, memory[buffer]!, 0),
    leave: (memory, t) => written && save(memory[buffer]!, 0, memory[of]!, start + t * stride),
  }
}

/** Copies elements, with a kernel as everything else. */
function compileCopy<M>(from: BufferParam, to: BufferParam, length: number, { compileKernel }: KernelCompiler<M>) {
  const pool = new ExprPool()
  const i = pool.index(0, length)
  const index = pool.add(i, pool.scalar('int32', 1))
  const value = pool.load(from.dtype, 1, pool.add(i, pool.scalar('int32', 0)))
  const stages = [{ kind: 'store', extents: [], buffer: 0, index, value } as const]
  const run = compileKernel({ kind: 'loop', buffers: [to, from], scalars: ['int32', 'int32'], grid: [length], stages })
  return (source: M, start: number, target: M, targetStart: number): void => run([target, source], [start, targetStart])
}

/** The program's buffers that these steps write, those included that their slices are parts of. */
export function writtenBy(steps: readonly Step[]): Set<number> {
  const written = new Set<number>()
  for (const step of steps) {
    if (step.kind === 'run') {
      for (const b of writes(step.kernel)) written.add(step.buffers[b]!)
    } else {
      for (const b of writtenBy(step.body)) written.add(b)
      for (const c of step.carries) written.add(c.current)
      for (const s of step.slices) if (written.has(s.buffer)) written.add(s.of)
    }
  }
  return written
}
