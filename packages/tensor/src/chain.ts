import type { Storage } from './node.ts'

/** Storages in the order in which they came. Each knows its neighbours, so that it may leave from anywhere, and coming and going makes no garbage. */
export class Chain {
  first: Storage | null = null
  size = 0
  bytes = 0
  #last: Storage | null = null

  /** Puts it last, from whichever chain it was in. */
  add(storage: Storage): void {
    storage.chain?.delete(storage)
    storage.chain = this
    storage.before = this.#last
    if (this.#last) this.#last.after = storage
    else this.first = storage
    this.#last = storage
    this.size += 1
    this.bytes += storage.bytes
  }

  delete(storage: Storage): void {
    const { before, after } = storage
    if (before) before.after = after
    else this.first = after
    if (after) after.before = before
    else this.#last = before
    storage.chain = storage.before = storage.after = null // what is gone must not keep others
    this.size -= 1
    this.bytes -= storage.bytes
  }

  *items(): Generator<Storage> {
    for (let storage = this.first; storage; storage = storage.after) yield storage
  }
}
