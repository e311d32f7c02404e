interface Entry<V> {
  readonly value: V
  lastUse: number
}

/** A cache that forgets what was used least recently. A use changes a number and not the table, so that loops make no garbage of it. */
export class LruCache<V> {
  readonly #capacity: number
  readonly #entries = new Map<string, Entry<V>>()
  #uses = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key)
    if (entry) entry.lastUse = ++this.#uses
    return entry?.value
  }

  set(key: string, value: V): void {
    this.#entries.set(key, { value, lastUse: ++this.#uses })
    if (this.#entries.size > this.#capacity) this.#entries.delete(this.#leastRecent())
  }

  clear(): void {
    this.#entries.clear()
  }

  #leastRecent(): string {
    let [oldest, when] = ['', Infinity]
    for (const [key, { lastUse }] of this.#entries) if (lastUse < when) [oldest, when] = [key, lastUse]
    return oldest
  }
}
