/**
 * One linear memory and its allocator. Blocks start at multiples of 64 bytes; what is freed joins its free neighbours, and free blocks
 * are found by size class. The books are kept in JavaScript, so that no stray store can damage them.
 */
import { BackendError, Chain, type Link } from '@tenon/kernel'

const pageBytes = 65536
const alignment = 64

/** 4 GiB: all that a 32-bit address reaches. */
export const maximumPages = 65536

/**
 * Readable bytes before the first block and after the last. Vector code may read beside a buffer what it then masks out or drops, as long as it
 * stays within this.
 */
export const guardBytes: number = pageBytes

/** Memory from `address` on, between two neighbours. */
export interface Block extends Link<Block> {
  readonly address: number
  isFree: boolean
  before: Block | null
  after: Block | null
}

export class Heap {
  readonly memory: WebAssembly.Memory
  readonly #limit: number
  /** The free blocks of 2ᵏ ≤ size < 2ᵏ⁺¹, at k. */
  readonly #classes: Chain<Block>[] = Array.from({ length: 33 }, () => new Chain())
  /** The block before the memory that was never used, and where that begins. */
  #last: Block | null = null
  #top: number = guardBytes
  #used = 0
  #usedBytes = 0

  /** Shared memory can be that of several threads. */
  constructor(limitBytes: number = maximumPages * pageBytes, shared = false) {
    this.memory = reserve(shared)
    this.#limit = Math.min(limitBytes, maximumPages * pageBytes)
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Bytes that the memory has grown to. It never shrinks. */
  get committedBytes(): number {
    return this.memory.buffer.byteLength
  }

  /** A block of at least `bytes`; `what` names it in the error that is thrown when there is no room. */
  allocate(bytes: number, what: () => string): Block {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment)
    if (size > this.#limit - 2 * guardBytes) throw this.#full(size, what)
    const block = this.#reuse(size) ?? this.#extend(size, what)
    this.#used += 1
    this.#usedBytes += block.bytes
    return block
  }

  free(block: Block): void {
    if (block.isFree) throw new BackendError(`wasm: the block at address ${block.address} was freed before`)
    this.#used -= 1
    this.#usedBytes -= block.bytes
    block.isFree = true
    const free = block.before?.isFree ? this.#join(block.before, block) : block
    if (free.after?.isFree) this.#join(free, free.after)
    if (free.after) {
      this.#keep(free)
      return
    }
    this.#top = free.address
    this.#last = free.before
    if (free.before) free.before.after = free.before = null
  }

  /** The smallest block of the size's own class that fits, or any block of the next class that has one. */
  #reuse(size: number): Block | null {
    let best: Block | null = null
    let k = sizeClass(size)
    for (let block = this.#classes[k]!.last; block && best?.bytes !== size; block = block.previous)
      if (block.bytes >= size && (best === null || block.bytes < best.bytes)) best = block
    while (best === null && ++k < this.#classes.length) best = this.#classes[k]!.last
    if (best === null) return null
    this.#forget(best)
    best.isFree = false
    if (best.bytes > size) {
      this.#keep(this.#insert(best.address + size, best.bytes - size, best, best.after))
      best.bytes = size
    }
    return best
  }

  #extend(size: number, what: () => string): Block {
    const address = this.#top
    const needed = address + size + guardBytes - this.committedBytes
    if (address + size + guardBytes > this.#limit) throw this.#full(size, what)
    if (needed > 0) {
      // Growing by a quarter at least keeps the number of growths, each of which makes new views, small.
      const wish = Math.min(Math.max(needed, this.committedBytes / 4), this.#limit - this.committedBytes)
      if (!this.#grow(wish) && !this.#grow(needed)) throw this.#full(size, what)
    }
    this.#top = address + size
    this.#last = this.#insert(address, size, this.#last, null)
    return this.#last
  }

  #grow(bytes: number): boolean {
    try {
      this.memory.grow(Math.ceil(bytes / pageBytes))
      return true
    } catch {
      return false
    }
  }

  #full(size: number, what: () => string): BackendError {
    const used = `${mebibytes(this.#usedBytes)} in ${this.#used} blocks are in use`
    const limit = `WebAssembly memory ends at ${mebibytes(this.#limit)}`
    return new BackendError(
      `wasm: no room for ${mebibytes(size)} (${what()}): ${used}, and ${limit}. ` +
        'Use a smaller batch or model, or release what is kept alive (an array of realized tensors, for instance)',
    )
  }

  /** A new block between two neighbours. */
  #insert(address: number, size: number, before: Block | null, after: Block | null): Block {
    const block: Block = { address, bytes: size, isFree: false, before, after, chain: null, previous: null, next: null }
    if (before) before.after = block
    if (after) after.before = block
    return block
  }

  #keep(block: Block): void {
    block.isFree = true
    this.#classes[sizeClass(block.bytes)]!.add(block)
  }

  #forget(block: Block): void {
    this.#classes[sizeClass(block.bytes)]!.delete(block)
  }

  #join(first: Block, second: Block): Block {
    this.#forget(first)
    this.#forget(second)
    first.bytes += second.bytes
    first.after = second.after
    if (second.after) second.after.before = first
    second.before = second.after = null // dead blocks that point to others keep them from being collected
    return first
  }
}

/** The engine sets 4 GiB of addresses aside for each memory; Chromium has room for about 120 in a page. */
function reserve(shared: boolean): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 2 * (guardBytes / pageBytes), maximum: maximumPages, shared })
  } catch (error) {
    if (shared || !(error instanceof RangeError)) throw error // without a shared one, one thread can go on
    throw new BackendError(
      `wasm: the engine has no room for another memory (${error.message}). Each backend has one: use one for all, or dispose of what is not ` +
        'needed and drop it',
    )
  }
}

const sizeClass = (size: number): number => 31 - Math.clz32(size)

const mebibytes = (bytes: number): string => (bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`)
