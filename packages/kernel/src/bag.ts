/** Where an object lies in its bag; −1 outside. */
export interface BagItem {
  place: number
}

/**
 * A set of objects that enter and leave at every step. V8's own Map and Set replace their tables as they go, and each replaced table
 * points to the next: one that has grown old keeps all later ones from being collected, with whatever was in them. A bag is one array.
 */
export class Bag<T extends BagItem> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  get last(): T | null {
    return this.#items.at(-1) ?? null
  }

  has(item: T): boolean {
    return this.#items[item.place] === item
  }

  add(item: T): void {
    if (!this.has(item)) item.place = this.#items.push(item) - 1
  }

  /** Whether it was there. */
  delete(item: T): boolean {
    if (!this.has(item)) return false
    const last = this.#items.pop()!
    if (last !== item) {
      this.#items[item.place] = last
      last.place = item.place
    }
    item.place = -1
    return true
  }

  /** In no order. Not while any of them leaves. */
  get items(): readonly T[] {
    return this.#items
  }
}
