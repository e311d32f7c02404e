/** The backend: buffers in linear memory, programs of assembled kernels. */
import {
  type Backend,
  BackendError,
  Bag,
  type BagItem,
  type BufferHandle,
  type Capabilities,
  type DType,
  dtypes,
  type Executable,
  kernelsOf,
  type TypedArray,
} from '@tenon/kernel'
import { detectSimd, obstacle } from './engine.ts'
import { type Block, Heap } from './heap.ts'
import { KernelCache } from './kernels.ts'
import { type BoundProgram, bindProgram, runProgram } from './programs.ts'

export interface WasmOptions {
  /** Use relaxed SIMD, which has a fused multiply-add, where the engine has it. Default true. */
  readonly relaxed?: boolean
}

interface WasmBuffer extends BagItem {
  readonly dtype: DType
  readonly length: number
  readonly block: Block
}

const capabilities: Capabilities = {
  dtypes: ['float32', 'int32', 'uint32', 'bool'],
  threads: 1,
  maxStores: Infinity,
  maxInputs: Infinity,
  maxLoop: Infinity,
  // Byte distances within a buffer are 32-bit integers.
  maxLength: 2 ** 29,
}

/** A block that all programs share, one after the other, grown to the largest need. */
class SharedBlock {
  readonly #heap: Heap
  readonly #what: string
  #block: Block | null = null
  bytes = 0

  constructor(heap: Heap, what: string) {
    this.#heap = heap
    this.#what = what
  }

  atLeast(bytes: number): number {
    if (!this.#block || bytes > this.bytes) {
      if (this.#block) this.#heap.free(this.#block)
      this.#block = null
      this.bytes = 0
      this.#block = this.#heap.allocate(bytes, this.#what)
      this.bytes = bytes
    }
    return this.#block.address
  }
}

/** Computes in WebAssembly SIMD, on one thread. Throws a `BackendError` where the engine has no SIMD, or a policy of the page lets no module be compiled. */
export function wasm(options: WasmOptions = {}): Backend {
  const reason = obstacle()
  if (reason !== null) throw new BackendError(`wasm: ${reason}. backend-cpu runs everywhere`)
  const simd = detectSimd(options.relaxed ?? true)
  const heap = new Heap()
  const { memory } = heap
  const cache = new KernelCache(memory, simd.relaxed)
  const args = new SharedBlock(heap, 'the arguments of a program')
  const arena = new SharedBlock(heap, 'the temporaries of a program')
  const scratch = new SharedBlock(heap, 'the working memory of a kernel')
  const live = new Bag<WasmBuffer>()
  let disposed = false

  const inUse = (): void => {
    if (disposed) throw new BackendError('wasm: this backend has been disposed')
  }
  const known = (handle: BufferHandle): WasmBuffer => {
    inUse()
    const buffer = handle as WasmBuffer
    if (!live.has(buffer)) throw new BackendError('wasm: this buffer has been freed, or belongs to another backend')
    return buffer
  }
  const view = ({ dtype, length, block }: WasmBuffer): TypedArray => new dtypes[dtype].array(memory.buffer, block.address, length)
  const readSync = (handle: BufferHandle): TypedArray => view(known(handle)).slice()

  return {
    name: 'wasm',
    capabilities,
    allocate(dtype, length) {
      inUse()
      if (!capabilities.dtypes.includes(dtype)) {
        throw new BackendError(`wasm: no ${dtype} here; it has ${capabilities.dtypes.join(', ')}. backend-cpu has all dtypes`)
      }
      if (!Number.isInteger(length) || length < 0 || length > capabilities.maxLength) {
        throw new BackendError(`wasm: a buffer of ${length} elements cannot be; 0 … ${capabilities.maxLength} can`)
      }
      const block = heap.allocate(length * dtypes[dtype].bytes, `a buffer ${dtype}[${length}]`)
      const buffer: WasmBuffer = { dtype, length, block, place: -1 }
      live.add(buffer)
      return buffer
    },
    free(handle) {
      const buffer = known(handle)
      live.delete(buffer)
      heap.free(buffer.block)
    },
    write(handle, data) {
      const buffer = known(handle)
      const { dtype, length } = buffer
      if (data.length !== length || !(data instanceof dtypes[dtype].array)) {
        throw new BackendError(`wasm: cannot write ${data.constructor.name} of ${data.length} to a buffer ${dtype}[${length}]`)
      }
      view(buffer).set(data)
    },
    read: async (handle) => readSync(handle),
    readSync,
    compile(program): BoundProgram {
      inUse()
      return bindProgram(program, cache)
    },
    listing: (program) => cache.listing(kernelsOf(program)),
    execute(executable: Executable, buffers, scalars) {
      const bound = executable as BoundProgram
      const given = buffers.map(known)
      checkArguments(bound, given, scalars)
      const place = {
        args: args.atLeast(bound.argumentBytes),
        arena: arena.atLeast(bound.program.arenaBytes),
        scratch: scratch.atLeast(bound.scratchBytes),
      }
      runProgram(
        bound,
        memory,
        place,
        given.map((b) => b.block.address),
        scalars,
      )
    },
    report() {
      let bufferBytes = 0
      for (const { dtype, length } of live) bufferBytes += length * dtypes[dtype].bytes
      return {
        backend: 'wasm',
        details: {
          threads: 1,
          simd: simd.relaxed ? '128 bits, relaxed' : '128 bits',
          compiledKernels: cache.compiled,
          scratchBytes: scratch.bytes,
          linearMemoryBytes: heap.committedBytes,
        },
        memory: { buffers: live.size, bufferBytes, arenaBytes: arena.bytes },
        notes: simd.note === null ? [] : [simd.note],
      }
    },
    dispose() {
      disposed = true
      for (const buffer of live) live.delete(buffer)
      cache.clear()
    },
  }
}

function checkArguments({ program }: BoundProgram, given: readonly WasmBuffer[], scalars: readonly number[]): void {
  const wanted = program.buffers.filter((b) => b.role === 'external')
  const describe = (b: { dtype: DType; length: number } | undefined): string => (b ? `${b.dtype}[${b.length}]` : 'nothing')
  for (let i = 0; i < Math.max(wanted.length, given.length); i++) {
    const [a, b] = [describe(wanted[i]), describe(given[i])]
    if (a !== b) throw new BackendError(`wasm: the program's buffer ${i} is ${a}, and was given ${b}`)
  }
  if (scalars.length !== program.scalars.length) {
    throw new BackendError(`wasm: the program takes ${program.scalars.length} scalars, and was given ${scalars.length}`)
  }
}
