/**
 * Turns "compile one kernel" into "compile a program": with this a simple backend is an allocator and a code generator.
 * It keeps the books of buffers, caches compiled kernels, places temporaries, and runs `Repeat`.
 */
import { writes } from './access.ts'
import type { Backend, BackendReport, BufferHandle, Capabilities, Executable } from './backend.ts'
import { type DType, dtypes, type TypedArray } from './dtype.ts'
import { BackendError } from './errors.ts'
import type { BufferParam, Kernel } from './kernel.ts'
import { ExprPool } from './pool.ts'
import { kernelKey } from './print.ts'
import type { Program, ProgramBuffer, Repeat, Step } from './program.ts'

/** `M` is how the backend holds the content of a buffer: a typed array, a texture, an address. */
export interface KernelBackendOptions<M> {
  readonly name: string
  readonly capabilities: Capabilities
  allocate(dtype: DType, length: number): M
  free(memory: M): void
  write(memory: M, data: TypedArray): void
  /** A copy of the content. */
  read(memory: M): Promise<TypedArray>
  readSync?(memory: M): TypedArray
  /** What it returns is called with one memory for each of the kernel's buffers, and a number for each of its scalars. */
  compileKernel(kernel: Kernel): CompiledKernel<M>
  /** Memory that shares elements start … start + length − 1. Where it is missing, slices of a `Repeat` are copied in and out. */
  view?(memory: M, start: number, length: number): M
  /** Memory in which temporaries lie at the planned offsets. Where it is missing, each gets memory of its own while the program runs. */
  arena?(bytes: number): Arena<M>
  details?(): BackendReport['details']
  notes?(): readonly string[]
  dispose?(): void
}

export type CompiledKernel<M> = (buffers: readonly M[], scalars: readonly number[]) => void

export interface Arena<M> {
  at(dtype: DType, offset: number, length: number): M
  free(): void
}

interface Handle<M> extends BufferParam {
  readonly memory: M
}

interface Compiled<M> {
  readonly program: Program
  readonly external: readonly BufferParam[]
  readonly steps: readonly BoundStep<M>[]
}

/** Runs with the memory of the program's buffers, by their positions in the program. */
type BoundStep<M> = (memory: M[], scalars: readonly number[]) => void

const cachedKernels = 1024

export function kernelBackend<M>(options: KernelBackendOptions<M>): Backend {
  const { name, capabilities } = options
  const live = new Set<Handle<M>>()
  const kernels = new Map<string, CompiledKernel<M>>()
  let arena: Arena<M> | null = null
  let arenaBytes = 0

  const handle = (buffer: BufferHandle): Handle<M> => {
    const h = buffer as Handle<M>
    if (!live.has(h)) throw new BackendError(`${name}: this buffer has been freed, or belongs to another backend`)
    return h
  }

  const compileKernel = (kernel: Kernel): CompiledKernel<M> => {
    const key = kernelKey(kernel)
    const compiled = kernels.get(key) ?? options.compileKernel(kernel)
    kernels.delete(key) // the last of the map is the most recently used
    kernels.set(key, compiled)
    if (kernels.size > cachedKernels) kernels.delete(kernels.keys().next().value!)
    return compiled
  }

  /** Copies elements, by a kernel as everything else. */
  const compileCopy = (from: BufferParam, to: BufferParam, length: number) => {
    const pool = new ExprPool()
    const i = pool.index(0, length)
    const index = pool.add(i, pool.scalar('int32', 1))
    const value = pool.load(from.dtype, 1, pool.add(i, pool.scalar('int32', 0)))
    const stages = [{ kind: 'store', extents: [], buffer: 0, index, value } as const]
    const run = compileKernel({ kind: 'loop', buffers: [to, from], scalars: ['int32', 'int32'], grid: [length], stages })
    return (source: M, start: number, target: M, targetStart: number): void => run([target, source], [start, targetStart])
  }

  const compileStep = (step: Step, buffers: readonly ProgramBuffer[]): BoundStep<M> => {
    if (step.kind === 'repeat') return compileRepeat(step, buffers)
    const run = compileKernel(step.kernel)
    return (memory, scalars) => run(step.buffers.map((b) => memory[b]!), step.scalars.map((s) => scalars[s]!))
  }

  const compileRepeat = (repeat: Repeat, buffers: readonly ProgramBuffer[]): BoundStep<M> => {
    const body = repeat.body.map((step) => compileStep(step, buffers))
    const written = writtenBy(repeat.body)
    const slices = repeat.slices.map((s) => {
      const of = buffers[s.of]!
      const part = buffers[s.buffer]!
      return { ...s, length: part.length, write: written.has(s.buffer), load: compileCopy(of, part, part.length), save: compileCopy(part, of, part.length) }
    })
    const carries = repeat.carries.map((c) => ({ ...c, copy: compileCopy(buffers[c.next]!, buffers[c.current]!, buffers[c.next]!.length) }))
    return (memory, scalars) => {
      for (let t = 0; t < repeat.count; t++) {
        for (const s of slices) {
          const start = s.start + t * s.stride
          if (options.view) memory[s.buffer] = options.view(memory[s.of]!, start, s.length)
          else s.load(memory[s.of]!, start, memory[s.buffer]!, 0)
        }
        for (const run of body) run(memory, scalars)
        for (const s of slices) {
          if (s.write && !options.view) s.save(memory[s.buffer]!, 0, memory[s.of]!, s.start + t * s.stride)
        }
        for (const c of carries) c.copy(memory[c.next]!, 0, memory[c.current]!, 0)
      }
    }
  }

  /** Gives each temporary its memory; returns what gives back what the arena does not hold. */
  const place = (program: Program, memory: M[]): (() => void) => {
    if (options.arena && program.arenaBytes > arenaBytes) {
      arena?.free()
      arena = options.arena(program.arenaBytes)
      arenaBytes = program.arenaBytes
    }
    const owned = new Map<string, M>()
    program.buffers.forEach((b, i) => {
      if (b.role === 'external' || (b.role === 'slice' && options.view)) return
      if (b.role === 'temporary' && arena) {
        memory[i] = arena.at(b.dtype, b.offset, b.length)
        return
      }
      // Temporaries that were planned into the same place are never needed at once.
      const key = b.role === 'temporary' ? `${b.offset} ${b.dtype} ${b.length}` : `slice ${i}`
      if (!owned.has(key)) owned.set(key, options.allocate(b.dtype, b.length))
      memory[i] = owned.get(key)!
    })
    return () => owned.forEach((m) => options.free(m))
  }

  return {
    name,
    capabilities,
    allocate(dtype, length) {
      if (!capabilities.dtypes.includes(dtype)) throw new BackendError(`${name}: no ${dtype} here; it has ${capabilities.dtypes.join(', ')}`)
      if (length > capabilities.maxLength) {
        throw new BackendError(`${name}: a buffer of ${length} elements is too long; at most ${capabilities.maxLength} fit`)
      }
      const h: Handle<M> = { dtype, length, memory: options.allocate(dtype, length) }
      live.add(h)
      return h
    },
    free(buffer) {
      const h = handle(buffer)
      live.delete(h)
      options.free(h.memory)
    },
    write(buffer, data) {
      const { dtype, length, memory } = handle(buffer)
      if (data.length !== length || data.BYTES_PER_ELEMENT !== dtypes[dtype].bytes) {
        throw new BackendError(`${name}: cannot write ${describe(data)} to a buffer ${dtype}[${length}]`)
      }
      options.write(memory, data)
    },
    async read(buffer) {
      return options.read(handle(buffer).memory)
    },
    ...(options.readSync && { readSync: (buffer: BufferHandle): TypedArray => options.readSync!(handle(buffer).memory) }),
    compile(program): Compiled<M> {
      const external = program.buffers.filter((b) => b.role === 'external')
      return { program, external, steps: program.steps.map((step) => compileStep(step, program.buffers)) }
    },
    execute(executable: Executable, buffers, scalars) {
      const { program, external, steps } = executable as Compiled<M>
      const given = buffers.map(handle)
      checkArguments(name, external, given, program.scalars, scalars)
      let next = 0
      const memory: M[] = program.buffers.map((b) => (b.role === 'external' ? given[next++]!.memory : (undefined as M)))
      const release = place(program, memory)
      try {
        for (const run of steps) run(memory, scalars)
      } finally {
        release()
      }
    },
    report() {
      let bufferBytes = 0
      for (const b of live) bufferBytes += b.length * dtypes[b.dtype].bytes
      return {
        backend: name,
        details: options.details?.() ?? {},
        memory: { buffers: live.size, bufferBytes, arenaBytes },
        notes: options.notes?.() ?? [],
      }
    },
    dispose() {
      for (const b of live) options.free(b.memory)
      live.clear()
      kernels.clear()
      arena?.free()
      arena = null
      arenaBytes = 0
      options.dispose?.()
    },
  }
}

function writtenBy(steps: readonly Step[]): Set<number> {
  const written = new Set<number>()
  for (const step of steps) {
    if (step.kind === 'run') for (const b of writes(step.kernel)) written.add(step.buffers[b]!)
    else {
      for (const b of writtenBy(step.body)) written.add(b)
      for (const c of step.carries) written.add(c.current)
      for (const s of step.slices) if (written.has(s.buffer)) written.add(s.of)
    }
  }
  return written
}

const describe = (data: TypedArray): string => `${data.constructor.name} of ${data.length}`
const param = (b: BufferParam | undefined): string => (b ? `${b.dtype}[${b.length}]` : 'nothing')

function checkArguments(name: string, wanted: readonly BufferParam[], given: readonly BufferParam[], scalars: readonly DType[], values: readonly number[]): void {
  for (let i = 0; i < Math.max(wanted.length, given.length); i++) {
    if (param(wanted[i]) === param(given[i])) continue
    throw new BackendError(`${name}: the program's buffer ${i} is ${param(wanted[i])}, and was given ${param(given[i])}`)
  }
  if (values.length !== scalars.length) {
    throw new BackendError(`${name}: the program takes ${scalars.length} scalars, and was given ${values.length}`)
  }
}
