/**
 * One linear memory and its allocator. Blocks start at multiples of 64 bytes; what is freed joins its free neighbours, and free blocks
 * are found by size class. The books are kept in JavaScript, so that no stray store can damage them.
 */
import { BackendError } from '@tenon/kernel'

const pageBytes = 65536
const alignment = 64

/** 4 GiB: all that a 32-bit address reaches. */
export const maximumPages = 65536

/**
 * Readable bytes before the first block and after the last. Vector code may read beside a buffer what it then masks out or drops, as long as it
 * stays within this.
 */
export const guardBytes: number = pageBytes

export class Heap {
  readonly memory: WebAssembly.Memory
  readonly #limit: number
  /** Sizes of the blocks in use, and of the free ones; the free ones also by their ends. */
  readonly #used = new Map<number, number>()
  readonly #free = new Map<number, number>()
  readonly #freeEnds = new Map<number, number>()
  /** Addresses of the free blocks of 2ᵏ ≤ size < 2ᵏ⁺¹, at k. */
  readonly #classes: Set<number>[] = Array.from({ length: 33 }, () => new Set())
  /** Where memory that was never used begins. */
  #top: number = guardBytes
  #usedBytes = 0

  constructor(limitBytes: number = maximumPages * pageBytes) {
    this.memory = reserve()
    this.#limit = Math.min(limitBytes, maximumPages * pageBytes)
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Bytes that the memory has grown to. It never shrinks. */
  get committedBytes(): number {
    return this.memory.buffer.byteLength
  }

  /** The address of a block of at least `bytes`; `what` names it in the error that is thrown when there is no room. */
  allocate(bytes: number, what: string): number {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment)
    const address = this.#reuse(size) ?? this.#extend(size, what)
    this.#used.set(address, size)
    this.#usedBytes += size
    return address
  }

  free(address: number): void {
    const size = this.#used.get(address)
    if (size === undefined) throw new BackendError(`wasm: there is no block at address ${address}: it was freed before, or never allocated`)
    this.#used.delete(address)
    this.#usedBytes -= size
    const before = this.#freeEnds.get(address)
    const start = before ?? address
    if (before !== undefined) this.#removeFree(before)
    let end = address + size
    const next = this.#free.get(end)
    if (next !== undefined) {
      this.#removeFree(end)
      end += next
    }
    if (end === this.#top) this.#top = start
    else this.#addFree(start, end - start)
  }

  /** The smallest block of the size's own class that fits, or any block of the next class that has one. */
  #reuse(size: number): number | null {
    let best: number | null = null
    let k = Math.floor(Math.log2(size))
    for (const address of this.#classes[k]!) {
      const has = this.#free.get(address)!
      if (has >= size && (best === null || has < this.#free.get(best)!)) best = address
    }
    while (best === null && ++k < this.#classes.length) best = first(this.#classes[k]!)
    if (best === null) return null
    const rest = this.#free.get(best)! - size
    this.#removeFree(best)
    if (rest > 0) this.#addFree(best + size, rest)
    return best
  }

  #extend(size: number, what: string): number {
    const address = this.#top
    const needed = address + size + guardBytes - this.committedBytes
    if (address + size + guardBytes > this.#limit) throw this.#full(size, what)
    if (needed > 0) {
      // Growing by a quarter at least keeps the number of growths, each of which makes new views, small.
      const wish = Math.min(Math.max(needed, this.committedBytes / 4), this.#limit - this.committedBytes)
      if (!this.#grow(wish) && !this.#grow(needed)) throw this.#full(size, what)
    }
    this.#top = address + size
    return address
  }

  #grow(bytes: number): boolean {
    try {
      this.memory.grow(Math.ceil(bytes / pageBytes))
      return true
    } catch {
      return false
    }
  }

  #full(size: number, what: string): BackendError {
    const used = `${mebibytes(this.#usedBytes)} in ${this.#used.size} blocks are in use`
    const limit = `WebAssembly memory ends at ${mebibytes(this.#limit)}`
    return new BackendError(
      `wasm: no room for ${mebibytes(size)} (${what}): ${used}, and ${limit}. ` +
        'Use a smaller batch or model, or release what is kept alive (an array of realized tensors, for instance)',
    )
  }

  #addFree(address: number, size: number): void {
    this.#free.set(address, size)
    this.#freeEnds.set(address + size, address)
    this.#classes[Math.floor(Math.log2(size))]!.add(address)
  }

  #removeFree(address: number): void {
    const size = this.#free.get(address)!
    this.#free.delete(address)
    this.#freeEnds.delete(address + size)
    this.#classes[Math.floor(Math.log2(size))]!.delete(address)
  }
}

/** The engine sets 4 GiB of addresses aside for each memory; Chromium has room for about 120 in a page. */
function reserve(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 2 * (guardBytes / pageBytes), maximum: maximumPages })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new BackendError(
      `wasm: the engine has no room for another memory (${error.message}). Each backend has one: use one for all, or dispose of what is not ` +
        'needed and drop it',
    )
  }
}

const first = (set: ReadonlySet<number>): number | null => {
  for (const item of set) return item
  return null
}

const mebibytes = (bytes: number): string => (bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`)
