/** The backend: buffers in linear memory, programs of assembled kernels. */
import {
  type Backend,
  BackendError,
  type BufferHandle,
  type Capabilities,
  type DType,
  dtypes,
  type Executable,
  kernelsOf,
  type TypedArray,
} from '@tenon/kernel'
import { usualWorth, type Worth } from './commands.ts'
import { mostThreads } from './control.ts'
import { detectSimd, obstacle } from './engine.ts'
import { type Block, Heap } from './heap.ts'
import { KernelCache } from './kernels.ts'
import { BoundProgram, blockBytes, JobWriter, scratchStride } from './programs.ts'
import { Team, threadObstacle, trapped, usualThreads } from './team.ts'
import { buildWalker, type Walk } from './walker.ts'

/** For tests, which count what a program became. */
export type { BoundProgram } from './programs.ts'
export { command, commandBytes } from './walker.ts'

/** Options of `wasm`. */
export interface WasmOptions {
  /**
   * Threads that compute, the calling one among them. Default: one for each core that the engine tells of, 8 at most; one where there is no
   * shared memory. Results are the same bits from run to run for the same number.
   */
  readonly threads?: number
  /** Use relaxed SIMD, which has a fused multiply-add, where the engine has it. Default true. */
  readonly relaxed?: boolean
  /** Address of a file that holds `workerSource`, for pages whose Content-Security-Policy refuses workers that are made from text. */
  readonly workerUrl?: string | URL
}

/** What only tests set. */
export interface Tuning {
  readonly worth: Worth
  /** See `TeamOptions`. */
  readonly patience: number
  /** So many kernels are kept compiled, used lately or not. */
  readonly mostKernels: number
}

export const usualTuning: Tuning = { worth: usualWorth, patience: 30_000, mostKernels: 4096 }

interface WasmBuffer {
  /** The backend's own mark, until it is freed. */
  owner: object | null
  readonly dtype: DType
  readonly length: number
  block: Block
  /** As large, for the next value, once one has been replaced: a program that fails leaves the old one. */
  beside: Block | null
  /** Whether it holds something. */
  isWritten: boolean
  /** Number of the program that it was last given to. */
  lastRun: number
}

const limits: Omit<Capabilities, 'threads'> = {
  dtypes: ['float32', 'int32', 'uint32', 'bool'],
  maxStores: Infinity,
  maxInputs: Infinity,
  maxLoop: Infinity,
  // Byte distances within a buffer are 32-bit integers.
  maxLength: 2 ** 29,
}

/** A block that all programs share, one after the other, grown to the largest need. */
class SharedBlock {
  readonly #heap: Heap
  readonly #what: () => string
  #block: Block | null = null
  bytes = 0
  moves = 0

  constructor(heap: Heap, what: () => string) {
    this.#heap = heap
    this.#what = what
  }

  atLeast(bytes: number): number {
    if (!this.#block || bytes > this.bytes) {
      if (this.#block) this.#heap.free(this.#block)
      this.#block = null
      this.bytes = 0
      this.moves += 1
      this.#block = this.#heap.allocate(bytes, this.#what)
      this.bytes = bytes
    }
    return this.#block.address
  }
}

/** The memory of a backend, and for how many threads it is. */
function makeHeap(wished: number | undefined): { heap: Heap; threads: number; note: string | null } {
  const threads = wished ?? usualThreads()
  if (!Number.isInteger(threads) || threads < 1 || threads > mostThreads) {
    throw new BackendError(`wasm: threads is ${threads}; 1 … ${mostThreads} can be`)
  }
  const reason = threads > 1 ? threadObstacle() : null
  try {
    if (threads > 1 && reason === null) return { heap: new Heap(undefined, true), threads, note: null }
  } catch (error) {
    return { heap: new Heap(), threads: 1, note: `one thread: no shared memory can be had (${(error as Error).message})` }
  }
  return { heap: new Heap(), threads: 1, note: reason === null ? null : `one thread: ${reason}` }
}

/**
 * Computes in WebAssembly SIMD, on several threads. Throws a `BackendError` where the engine has no SIMD, or a policy of the page lets no module be
 * compiled. The threads are started when the first program is worth it; until they are there one thread does the work of all, with the same results.
 */
export function wasm(options: WasmOptions = {}): Backend {
  return makeWasm(options, usualTuning)
}

/** All that a backend has, and lets go of when it is disposed of: whoever still holds the backend, or a tensor of it, then holds no memory. */
interface Machine {
  readonly heap: Heap
  readonly team: Team | null
  readonly walk: Walk
  readonly cache: KernelCache
  readonly block: SharedBlock
  readonly arena: SharedBlock
  readonly scratch: SharedBlock
  readonly jobs: JobWriter
}

function makeMachine(
  heap: Heap,
  threads: number,
  relaxed: boolean,
  workerUrl: string | URL | null,
  { worth, patience, mostKernels }: Tuning,
): Machine {
  const { memory } = heap
  const walker = new WebAssembly.Module(buildWalker(threads))
  const team = threads > 1 ? new Team({ memory, threads, walker, workerUrl, worth, patience }) : null
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: 0 })
  const instance = new WebAssembly.Instance(walker, { env: { memory, table, ...(team && { stall: team.stall }) } })
  return {
    heap,
    team,
    walk: instance.exports['walk'] as Walk,
    cache: new KernelCache({ memory, table, relaxed, threads, team, mostKernels }),
    block: new SharedBlock(heap, () => 'the commands and arguments of a program'),
    arena: new SharedBlock(heap, () => 'the temporaries of a program'),
    scratch: new SharedBlock(heap, () => 'the working memory of kernels'),
    jobs: new JobWriter(memory),
  }
}

export function makeWasm(options: WasmOptions, tuning: Tuning): Backend {
  const reason = obstacle()
  if (reason !== null) throw new BackendError(`wasm: ${reason}. backend-cpu runs everywhere`)
  const simd = detectSimd(options.relaxed ?? true)
  const { heap, threads, note } = makeHeap(options.threads)
  let machine: Machine | null = makeMachine(heap, threads, simd.relaxed, options.workerUrl ?? null, tuning)
  const capabilities: Capabilities = { ...limits, threads }
  const owner = {}
  const live = { buffers: 0, bufferBytes: 0 }
  let runs = 0

  const inUse = (): Machine => {
    if (!machine) throw new BackendError('wasm: this backend has been disposed')
    return machine
  }
  const known = (handle: BufferHandle): WasmBuffer => {
    const buffer = handle as WasmBuffer
    inUse()
    if (buffer.owner !== owner) throw new BackendError('wasm: this buffer has been freed, or belongs to another backend')
    return buffer
  }
  const view = ({ dtype, length, block }: WasmBuffer): TypedArray =>
    new dtypes[dtype].array(inUse().heap.memory.buffer, block.address, length)
  const readSync = (handle: BufferHandle): TypedArray => view(known(handle)).slice()

  /** All shares, one after the other. */
  const walkAlone = (walk: Walk): void => {
    try {
      walk(0, threads)
    } catch (error) {
      throw trapped(String(error))
    }
  }

  return {
    name: 'wasm',
    capabilities,
    allocate(dtype, length) {
      const { heap } = inUse()
      if (!capabilities.dtypes.includes(dtype)) {
        throw new BackendError(`wasm: no ${dtype} here; it has ${capabilities.dtypes.join(', ')}. backend-cpu has all dtypes`)
      }
      if (!Number.isInteger(length) || length < 0 || length > capabilities.maxLength) {
        throw new BackendError(`wasm: a buffer of ${length} elements cannot be; 0 … ${capabilities.maxLength} can`)
      }
      const bytes = length * dtypes[dtype].bytes
      const block = heap.allocate(bytes, () => `a buffer ${dtype}[${length}]`)
      live.buffers += 1
      live.bufferBytes += bytes
      return { owner, dtype, length, block, beside: null, isWritten: false, lastRun: 0 }
    },
    free(handle) {
      const buffer = known(handle)
      const { heap } = inUse()
      heap.free(buffer.block)
      if (buffer.beside) heap.free(buffer.beside)
      buffer.owner = null
      live.buffers -= 1
      live.bufferBytes -= buffer.length * dtypes[buffer.dtype].bytes
    },
    write(handle, data) {
      const buffer = known(handle)
      const { dtype, length } = buffer
      if (data.length !== length || !(data instanceof dtypes[dtype].array)) {
        throw new BackendError(`wasm: cannot write ${data.constructor.name} of ${data.length} to a buffer ${dtype}[${length}]`)
      }
      view(buffer).set(data)
      buffer.isWritten = true
    },
    read: async (handle) => readSync(handle),
    readSync,
    compile(program): BoundProgram {
      const { cache, team } = inUse()
      const bound = new BoundProgram(program, cache, threads, tuning.worth)
      if (bound.commands(false).sharedTime >= tuning.worth.waking) team?.start()
      return bound
    },
    listing: (program) => inUse().cache.listing(kernelsOf(program)),
    execute(executable: Executable, buffers, scalars) {
      const { heap, team, walk, block, arena, scratch, jobs } = inUse()
      const bound = executable as BoundProgram
      runs += 1
      let isOneTwice = false
      const addresses = buffers.map((handle) => {
        const buffer = known(handle)
        isOneTwice ||= buffer.lastRun === runs
        buffer.lastRun = runs
        return buffer.block.address
      })
      checkArguments(bound, buffers as readonly WasmBuffer[], scalars)
      const commands = bound.commands(isOneTwice)
      const isForAll = team?.isFor(commands.sharedTime) === true && team.ready()
      const place = {
        block: block.atLeast(blockBytes(commands, threads)),
        arena: arena.atLeast(commands.arenaBytes),
        scratch: scratch.atLeast(scratchStride(commands) * (isForAll ? threads : 1)),
        moves: block.moves + arena.moves + scratch.moves,
      }
      for (const i of commands.replaced) addresses.push(placeOfNext(heap, buffers[i] as WasmBuffer).address)
      jobs.write(bound, commands, place, addresses, scalars)
      if (isForAll) team?.run(walk)
      else walkAlone(walk)
      team?.ended(commands.sharedTime)
      commands.replaced.forEach((i, k) => {
        const buffer = buffers[i] as WasmBuffer
        const { block, beside } = buffer
        if (beside?.address !== addresses[buffers.length + k]) return
        buffer.block = beside!
        buffer.beside = block
      })
      for (const handle of buffers) (handle as WasmBuffer).isWritten = true
    },
    report() {
      const { heap, team, cache, arena, scratch } = inUse()
      return {
        backend: 'wasm',
        details: {
          threads: team?.reason === null ? threads : 1,
          ...(team && { workers: team.state }),
          simd: simd.relaxed ? '128 bits, relaxed' : '128 bits',
          compiledKernels: cache.compiled,
          scratchBytes: scratch.bytes,
          linearMemoryBytes: heap.committedBytes,
        },
        memory: { ...live, arenaBytes: arena.bytes },
        notes: [simd.note, note, team && team.reason !== null ? `one thread: ${team.reason}` : null].filter((n) => n !== null),
      }
    },
    dispose() {
      machine?.team?.stop('the backend has been disposed')
      machine = null
    },
  }
}

/** Where a buffer's next value goes: beside the one that it holds. */
function placeOfNext(heap: Heap, buffer: WasmBuffer): Block {
  const { isWritten, block, dtype, length } = buffer
  if (!isWritten) return block
  buffer.beside ??= heap.allocate(block.bytes, () => `the next value of a buffer ${dtype}[${length}]`)
  return buffer.beside
}

function checkArguments({ program, external }: BoundProgram, given: readonly WasmBuffer[], scalars: readonly number[]): void {
  const describe = (b: { dtype: DType; length: number } | undefined): string => (b ? `${b.dtype}[${b.length}]` : 'nothing')
  for (let i = 0; i < Math.max(external.length, given.length); i++) {
    const [a, b] = [external[i], given[i]]
    if (a && b && a.dtype === b.dtype && a.length === b.length) continue
    throw new BackendError(`wasm: the program's buffer ${i} is ${describe(a)}, and was given ${describe(b)}`)
  }
  if (scalars.length !== program.scalars.length) {
    throw new BackendError(`wasm: the program takes ${program.scalars.length} scalars, and was given ${scalars.length}`)
  }
}
