/** What a chain is made of. */
export interface Link<T extends Link<T>> {
  bytes: number
  /** The chain that it is in, and its neighbours there. */
  chain: Chain<T> | null
  previous: T | null
  next: T | null
}

/**
 * Objects that come and go at every step, in the order in which they came; one may leave from anywhere. V8's own Map and Set replace their tables as they
 * go, and each replaced table points to the next: one that has grown old keeps all later ones from being collected, with whatever was in them.
 */
export class Chain<T extends Link<T>> {
  first: T | null = null
  last: T | null = null
  size = 0
  bytes = 0

  /** Puts it last, from whichever chain it was in. */
  add(item: T): void {
    item.chain?.delete(item)
    item.chain = this
    item.previous = this.last
    if (this.last) this.last.next = item
    else this.first = item
    this.last = item
    this.size += 1
    this.bytes += item.bytes
  }

  delete(item: T): void {
    const { previous, next } = item
    if (previous) previous.next = next
    else this.first = next
    if (next) next.previous = previous
    else this.last = previous
    item.chain = item.previous = item.next = null // what has left keeps nothing from being collected
    this.size -= 1
    this.bytes -= item.bytes
  }
}
