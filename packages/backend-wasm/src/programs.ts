/**
 * Programs: where every number of a run stands, and the walk over the steps. All addresses and scalars of a program are written into one
 * block before the first kernel runs, so that walking is calling; a thread of its own could walk the same block.
 */
import { dtypes, kernelsOf, type Program, type Repeat, type Run, type Step } from '@tenon/kernel'
import type { CompiledKernel, KernelCache } from './kernels.ts'

/** One kernel's run, and the word of the argument block where its addresses begin. */
interface BoundRun {
  readonly run: Run
  readonly kernel: CompiledKernel
  readonly word: number
}

interface BoundRepeat {
  readonly repeat: Repeat
  readonly body: readonly BoundStep[]
  /** For each slice, the words that hold its address. */
  readonly words: readonly (readonly number[])[]
}

type BoundStep = { readonly kind: 'run'; readonly bound: BoundRun } | { readonly kind: 'repeat'; readonly bound: BoundRepeat }

export interface BoundProgram {
  readonly program: Program
  readonly steps: readonly BoundStep[]
  readonly runs: readonly BoundRun[]
  readonly argumentBytes: number
  /** What one thread needs while any of the kernels runs. */
  readonly scratchBytes: number
}

/** Where the blocks of this run lie. */
export interface Placement {
  readonly args: number
  readonly arena: number
  readonly scratch: number
}

export function bindProgram(program: Program, cache: KernelCache): BoundProgram {
  const compiled = cache.get(kernelsOf(program))

  const runs: BoundRun[] = []
  let words = 0
  const bind = (step: Step): BoundStep => {
    if (step.kind === 'run') {
      const bound = { run: step, kernel: compiled[runs.length]!, word: words }
      words += step.buffers.length + step.scalars.length
      runs.push(bound)
      return { kind: 'run', bound }
    }
    const firstRun = runs.length
    const body = step.body.map(bind)
    const inside = runs.slice(firstRun)
    const slices = step.slices.map(({ buffer }) =>
      inside.flatMap(({ run, word }) => run.buffers.flatMap((b, i) => (b === buffer ? [word + i] : []))),
    )
    return { kind: 'repeat', bound: { repeat: step, body, words: slices } }
  }
  const steps = program.steps.map(bind)
  return {
    program,
    steps,
    runs,
    argumentBytes: 4 * words,
    scratchBytes: Math.max(0, ...compiled.map((k) => k.scratchBytes)),
  }
}

/** Runs to the end. `external` are the addresses of the external buffers. */
export function runProgram(
  bound: BoundProgram,
  memory: WebAssembly.Memory,
  place: Placement,
  external: readonly number[],
  scalars: readonly number[],
): void {
  const { program } = bound
  let next = 0
  const addresses = program.buffers.map((b) =>
    b.role === 'external' ? external[next++]! : b.role === 'temporary' ? place.arena + b.offset : 0,
  )
  const words = new Int32Array(memory.buffer, place.args, bound.argumentBytes / 4)
  writeArguments(bound, words, addresses, scalars)
  const walk = (steps: readonly BoundStep[]): void => {
    for (const step of steps) {
      if (step.kind === 'repeat') repeat(step.bound)
      else step.bound.kernel.run(place.args + 4 * step.bound.word, 0, step.bound.kernel.extent, place.scratch)
    }
  }
  const repeat = ({ repeat: { count, slices, carries }, body, words: sliceWords }: BoundRepeat): void => {
    const carry = carrier(program, memory, carries)
    for (let t = 0; t < count; t++) {
      slices.forEach(({ buffer, of, start, stride }, i) => {
        const address = addresses[of]! + (start + t * stride) * dtypes[program.buffers[of]!.dtype].bytes
        addresses[buffer] = address
        for (const word of sliceWords[i]!) words[word] = address
      })
      walk(body)
      carry(addresses)
    }
  }
  walk(bound.steps)
}

function writeArguments(
  { program, runs }: BoundProgram,
  words: Int32Array,
  addresses: readonly number[],
  scalars: readonly number[],
): void {
  const floats = new Float32Array(words.buffer, words.byteOffset, words.length)
  for (const { run, word } of runs) {
    let at = word
    for (const b of run.buffers) words[at++] = addresses[b]!
    for (const s of run.scalars) {
      if (program.scalars[s] === 'float32') floats[at++] = scalars[s]!
      else words[at++] = program.scalars[s] === 'bool' ? Number(scalars[s] !== 0) : scalars[s]!
    }
  }
}

/** Copies what each iteration hands to the next, all at once: a buffer may be handed on and replaced. */
function carrier(program: Program, memory: WebAssembly.Memory, carries: Repeat['carries']): (addresses: readonly number[]) => void {
  const replaced = new Set(carries.map((c) => c.current))
  return (addresses) => {
    const bytes = new Uint8Array(memory.buffer)
    const moves = carries.map(({ current, next }) => {
      const { length, dtype } = program.buffers[next]!
      const from = addresses[next]!
      const content = bytes.subarray(from, from + length * dtypes[dtype].bytes)
      return { to: addresses[current]!, content: replaced.has(next) ? content.slice() : content }
    })
    for (const { to, content } of moves) bytes.set(content, to)
  }
}
