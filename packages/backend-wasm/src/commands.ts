/**
 * A program as a list of commands for the walker. Kernels that do not touch one another's memory stand between the same two barriers; one that is
 * too small to be worth splitting is run by a single thread, by the one that wrote what it reads if it can be, for then there is nothing to wait for.
 */
import {
  cost,
  distinct,
  dtypes,
  type Expr,
  expressions,
  gridOf,
  type Kernel,
  kernelsOf,
  type Program,
  type ProgramBuffer,
  product,
  type Repeat,
  type Run,
  reads,
  type Step,
  stagesOf,
  writes,
  writtenBy,
} from '@tenon/kernel'
import type { CompiledKernel } from './kernels.ts'
import { routines, routines2 } from './math/routines.ts'
import { command, commandBytes } from './walker.ts'

/** What is worth it, in nanoseconds that are guessed. */
export interface Worth {
  /** A kernel is split from this on: a barrier costs about a microsecond, more where other processes want the cores, and shares are never quite equal. */
  readonly splitting: number
  /** The other threads are woken for a program from this on: it takes them some 50 µs. */
  readonly waking: number
  /** And, while they are awake, take part in one from this on. */
  readonly sharing: number
}

export const usualWorth: Worth = { splitting: 5000, waking: 100_000, sharing: 5000 }

/** A word of the arguments that holds the address of a buffer, or the number of a scalar. */
interface Place {
  readonly word: number
  readonly of: number
}

export interface Commands {
  readonly words: Int32Array
  readonly argumentWords: number
  readonly addresses: readonly Place[]
  readonly scalars: readonly Place[]
  /** The program's buffers, and behind them the list's own: those of `replaced`, as external ones, and temporaries. */
  readonly buffers: readonly ProgramBuffer[]
  /** External buffers, by their number among these, all of whose elements are written at one place: that can be memory beside what they held before. */
  readonly replaced: readonly number[]
  readonly arenaBytes: number
  /** What one thread needs while any of the kernels runs. */
  readonly scratchBytes: number
  /** Nanoseconds, as one thread takes them, of all that threads share; guessed. */
  readonly sharedTime: number
}

/** `aliased` where two external buffers may be the same memory. */
export function encode(program: Program, kernels: readonly CompiledKernel[], threads: number, worth: Worth, aliased: boolean): Commands {
  return new Encoder(program, kernels, threads, worth, aliased).finish()
}

/** Memory as far as it is told apart: bytes of the arena, or elements of one external buffer, or of all of them. */
interface Region {
  readonly space: number | 'arena' | 'external'
  readonly start: number
  readonly end: number
}

interface Access {
  readonly reads: readonly Region[]
  readonly writes: readonly Region[]
}

/** Everything since the last barrier. `thread` is null for what all of them do. */
interface Placed extends Access {
  readonly thread: number | null
}

const overlap = (a: readonly Region[], b: readonly Region[]): boolean =>
  a.some((x) => b.some((y) => x.space === y.space && x.start < y.end && y.start < x.end))
const conflict = (a: Access, b: Access): boolean => overlap(a.writes, b.writes) || overlap(a.writes, b.reads) || overlap(a.reads, b.writes)

class Encoder {
  readonly #program: Program
  readonly #kernels: readonly CompiledKernel[]
  readonly #threads: number
  readonly #worth: Worth
  readonly #aliased: boolean
  readonly #buffers: ProgramBuffer[]
  /** Where what a replaced buffer will hold goes. */
  readonly #beside: ReadonlyMap<number, number>
  readonly #written = new Set<number>()
  /** Of the slices whose loops are being encoded: what they are parts of. */
  readonly #wholes = new Map<number, number>()
  readonly #commands: (readonly number[])[] = []
  readonly #addresses: Place[] = []
  readonly #scalars: Place[] = []
  #words = 0
  #arenaBytes: number
  #nextKernel = 0
  #phase: Placed[] = []
  /** Nanoseconds of the phase, by thread; and of all that is split. */
  #loads: number[]
  #sharedTime = 0
  #repetitions = 1

  constructor(program: Program, kernels: readonly CompiledKernel[], threads: number, worth: Worth, aliased: boolean) {
    this.#program = program
    this.#kernels = kernels
    this.#threads = threads
    this.#worth = worth
    this.#aliased = aliased
    this.#buffers = [...program.buffers]
    this.#beside = new Map(replacedOf(program).map((b) => [b, this.#buffers.push(program.buffers[b]!) - 1]))
    this.#arenaBytes = program.arenaBytes
    this.#loads = new Array<number>(threads).fill(0)
  }

  finish(): Commands {
    this.#program.steps.forEach((step) => this.#step(step))
    this.#commands.push([command.finish])
    const externals = [...this.#program.buffers.keys()].filter((b) => this.#program.buffers[b]!.role === 'external')
    const words = new Int32Array((this.#commands.length * commandBytes) / 4)
    this.#commands.forEach((c, i) => words.set(c, (i * commandBytes) / 4))
    return {
      words,
      argumentWords: this.#words,
      addresses: this.#addresses,
      scalars: this.#scalars,
      buffers: this.#buffers,
      replaced: [...this.#beside.keys()].map((b) => externals.indexOf(b)),
      arenaBytes: this.#arenaBytes,
      scratchBytes: Math.max(0, ...this.#kernels.map((k) => k.scratchBytes)),
      sharedTime: this.#sharedTime,
    }
  }

  #step(step: Step): void {
    if (step.kind === 'run') this.#run(step)
    else this.#repeat(step)
  }

  #run({ kernel, buffers, scalars }: Run): void {
    const { place, extent, grain } = this.#kernels[this.#nextKernel++]!
    const first = this.#words
    const written = writes(kernel)
    const before = buffers.map((b) => this.#now(b))
    for (const param of written) this.#written.add(buffers[param]!)
    const used = buffers.map((b, param) => (written.has(param) ? this.#now(b) : before[param]!))
    for (const b of used) this.#address(b)
    for (const of of scalars) this.#scalars.push({ word: this.#words++, of })
    if (extent === 0) return
    const regions = (params: ReadonlySet<number>): Region[] => [...params].map((p) => this.#region(used[p]!))
    const access = { reads: regions(reads(kernel)), writes: regions(written) }
    const split = this.#place(access, duration(kernel), extent, grain)
    this.#commands.push([command.run, place, 4 * first, ...split])
  }

  #copy(to: number, from: number): void {
    const { dtype, length } = this.#buffers[from]!
    const bytes = length * dtypes[dtype].bytes
    const words = [this.#address(to), this.#address(from)]
    if (bytes === 0) return
    const split = this.#place({ reads: [this.#region(from)], writes: [this.#region(to)] }, (2 * bytes) / bytesPerNanosecond, bytes, 64)
    this.#commands.push([command.copy, 4 * words[0]!, 4 * words[1]!, ...split])
  }

  #repeat({ count, body, slices, carries }: Repeat): void {
    if (count === 0) {
      this.#nextKernel += kernelsOf({ ...this.#program, steps: body }).length
      return
    }
    this.#barrier()
    const counter = 4 * this.#words++
    this.#commands.push([command.begin, counter])
    const first = this.#commands.length
    const wholes = slices.map(({ of }) => this.#now(of))
    const sources = wholes.map((whole) => this.#address(whole))
    slices.forEach(({ buffer }, i) => {
      this.#wholes.set(buffer, wholes[i]!)
    })
    const used = this.#addresses.length
    this.#repetitions *= count
    body.forEach((step) => this.#step(step))
    this.#carry(carries)
    this.#repetitions /= count
    // The addresses of this round come first, in every word that the body has for them.
    const inBody = this.#addresses.slice(used)
    const moves = slices.flatMap(({ buffer, of, start, stride }, i) => {
      const { bytes } = dtypes[this.#buffers[of]!.dtype]
      const targets = inBody.filter((place) => place.of === buffer)
      return targets.map(({ word }) => [command.slice, 4 * word, 4 * sources[i]!, start * bytes, stride * bytes, counter])
    })
    this.#commands.splice(first, 0, ...moves)
    this.#barrier()
    this.#commands.push([command.next, counter, count, this.#commands.length - first + 1])
  }

  /** Copies what each round hands to the next, all at once: a buffer may be handed on and replaced. */
  #carry(carries: Repeat['carries']): void {
    const replaced = new Set(carries.map((c) => c.current))
    const sources = carries.map(({ current, next }) => {
      if (current === next || !replaced.has(next)) return next
      const { dtype, length } = this.#buffers[next]!
      const offset = Math.ceil(this.#arenaBytes / 64) * 64
      this.#arenaBytes = offset + length * dtypes[dtype].bytes
      const held = this.#buffers.push({ role: 'temporary', dtype, length, offset }) - 1
      this.#copy(held, next)
      return held
    })
    carries.forEach(({ current }, i) => {
      if (sources[i] !== current) this.#copy(current, sources[i]!)
    })
  }

  /** Where what a buffer holds at this step is. */
  #now(buffer: number): number {
    return this.#written.has(buffer) ? (this.#beside.get(buffer) ?? buffer) : buffer
  }

  #address(of: number): number {
    this.#addresses.push({ word: this.#words, of })
    return this.#words++
  }

  #region(buffer: number): Region {
    const whole = this.#wholes.get(buffer)
    if (whole !== undefined) return this.#region(whole)
    const b = this.#buffers[buffer]!
    if (b.role === 'temporary') return { space: 'arena', start: b.offset, end: b.offset + Math.max(1, b.length) * dtypes[b.dtype].bytes }
    return { space: this.#aliased && buffer < this.#program.buffers.length ? 'external' : buffer, start: 0, end: 1 }
  }

  /** Finds a place between barriers, and who does it: the last words of a command. */
  #place(access: Access, time: number, extent: number, grain: number): readonly number[] {
    const threads = this.#threads
    const units = Math.ceil(extent / grain)
    const isSplit = units > 1 && threads > 1 && time >= this.#worth.splitting
    const before = new Set(this.#phase.filter((placed) => conflict(placed, access)).map((placed) => placed.thread))
    const [only] = before
    const follows = !isSplit && before.size === 1 && only !== null
    if (before.size > 0 && !follows) this.#barrier()
    if (isSplit) this.#sharedTime += time * this.#repetitions
    const thread = isSplit ? null : follows ? only! : this.#loads.indexOf(Math.min(...this.#loads))
    this.#phase.push({ ...access, thread })
    if (thread !== null) this.#loads[thread]! += time
    return [extent, Math.floor(units / threads), units % threads, grain, thread ?? -1]
  }

  #barrier(): void {
    if (this.#phase.length > 0 && this.#threads > 1) this.#commands.push([command.barrier])
    this.#phase = []
    this.#loads.fill(0)
  }
}

/** The external buffers that a single run of a kernel writes, and writes as a whole. */
function replacedOf({ buffers, steps }: Program): number[] {
  const whole = new Set<number>()
  const inParts = writtenBy(steps.filter((step) => step.kind === 'repeat'))
  for (const step of steps) {
    if (step.kind === 'repeat') continue
    for (const param of writes(step.kernel)) {
      const b = step.buffers[param]!
      if (whole.has(b) || !writesAll(step.kernel, param)) inParts.add(b)
      whole.add(b)
    }
  }
  return [...whole].filter((b) => buffers[b]!.role === 'external' && !inParts.has(b))
}

function writesAll(kernel: Kernel, param: number): boolean {
  if ('out' in kernel) return true
  const stores = stagesOf(kernel).filter((s) => s.kind === 'store' && s.buffer === param)
  const isRead = reads(kernel).has(param)
  return !isRead && stores.length === 1 && product(gridOf(kernel)) * product(stores[0]!.extents) === kernel.buffers[param]!.length
}

/** From the second cache: what is small enough to be in doubt comes from there. */
const bytesPerNanosecond = 40
/** Float operations in a nanosecond: of products, and of all else without and with functions such as exp. */
const rates = { product: 30, plain: 16, functions: 3 }
/** And elements, read and written, of what is no loop. */
const elementRates = { scatter: 1.5, prefixScan: 1.5, sort: 0.08 }

const isFunction = (e: Expr): boolean => (e.op === 'unary' && e.fn in routines) || (e.op === 'binary' && e.fn in routines2)

/** A guess of how long a kernel takes on one thread, in nanoseconds. */
function duration(kernel: Run['kernel']): number {
  const { flops, bytes } = cost(kernel)
  if ('out' in kernel) return bytes / 4 / elementRates[kernel.kind]
  const isProduct = kernel.kind === 'contraction' || kernel.kind === 'convolution'
  const rate = isProduct ? 'product' : [...distinct(expressions(kernel))].some(isFunction) ? 'functions' : 'plain'
  return Math.max(flops / rates[rate], bytes / bytesPerNanosecond)
}
