/** Places temporaries in one arena: what is not needed at the same time shares memory. */

/** Needed from step `first` to step `last`, both included. Inside a `Repeat` that is the whole loop. */
export interface Lifetime {
  readonly bytes: number
  readonly first: number
  readonly last: number
}

/** Where each temporary lies in the arena. */
export interface ArenaPlan {
  readonly offsets: readonly number[]
  readonly arenaBytes: number
  /** The most bytes needed at one time: no plan can do with less. */
  readonly lowerBound: number
}

const alignment = 64
const align = (bytes: number): number => Math.ceil(bytes / alignment) * alignment

/**
 * Greedy by size (Pisarchyk & Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020): the largest first,
 * each into the smallest gap that is left for the time that it is needed.
 */
export function planArena(items: readonly Lifetime[]): ArenaPlan {
  const offsets = items.map(() => 0)
  const placed: { readonly item: Lifetime; readonly start: number; readonly end: number }[] = []
  const order = [...items.keys()].sort((a, b) => items[b]!.bytes - items[a]!.bytes || items[a]!.first - items[b]!.first)
  for (const i of order) {
    const item = items[i]!
    const size = align(item.bytes)
    let best = -1
    let bestGap = Infinity
    let end = 0
    for (const other of placed) {
      // by their starts
      if (other.item.last < item.first || item.last < other.item.first) continue
      const gap = other.start - end
      if (gap >= size && gap < bestGap) {
        best = end
        bestGap = gap
      }
      end = Math.max(end, other.end)
    }
    const start = best < 0 ? end : best
    offsets[i] = start
    const at = placed.findIndex((other) => other.start > start)
    placed.splice(at < 0 ? placed.length : at, 0, { item, start, end: start + size })
  }
  return { offsets, arenaBytes: Math.max(0, ...placed.map((p) => p.end)), lowerBound: mostLive(items) }
}

function mostLive(items: readonly Lifetime[]): number {
  const changes = items.flatMap(({ bytes, first, last }) => [
    { step: first, bytes: align(bytes) },
    { step: last + 1, bytes: -align(bytes) },
  ])
  changes.sort((a, b) => a.step - b.step || a.bytes - b.bytes) // of one step, what ends comes first
  let live = 0
  let most = 0
  for (const { bytes } of changes) most = Math.max(most, (live += bytes))
  return most
}
