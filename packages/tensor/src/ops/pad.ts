import { ShapeError } from '@tenon/kernel'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { concat } from './join.ts'

/** What `pad` puts beyond the edges. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular'

/** Options of `pad`. */
export interface PadOptions {
  readonly mode?: PadMode
  /** What mode `constant` pads with. */
  readonly value?: number
}

/** How each mode but `constant` makes the `n` elements before (or after) dimension d, and the most that it can make. */
const edges: Record<Exclude<PadMode, 'constant'>, { most(size: number): number; before: Edge; after: Edge }> = {
  reflect: {
    most: (size) => size - 1,
    before: (x, d, n) => x.slice(d, 1, n + 1).flip(d),
    after: (x, d, n) => x.slice(d, x.shape[d]! - 1 - n, x.shape[d]! - 1).flip(d),
  },
  replicate: {
    most: (size) => (size === 0 ? 0 : Infinity),
    before: (x, d, n) => stretched(x.slice(d, 0, 1), d, n),
    after: (x, d, n) => stretched(x.slice(d, x.shape[d]! - 1), d, n),
  },
  circular: {
    most: (size) => size,
    before: (x, d, n) => x.slice(d, x.shape[d]! - n),
    after: (x, d, n) => x.slice(d, 0, n),
  },
}
type Edge = (x: Tensor, d: number, n: number) => Tensor

const stretched = (x: Tensor, d: number, n: number): Tensor => x.broadcastTo(x.shape.map((size, i) => (i === d ? n : size)))

/**
 * pad(x, padding): elements added at the ends, [before, after] of the last dimension, then of the one before it, and so on, as in F.pad
 * (the method `x.pad` takes one pair for each dimension, the first first). Mode `constant` adds `value`, and a negative number crops;
 * `reflect` mirrors without the edge, `replicate` repeats the edge, `circular` goes on at the other end.
 *
 * [..., h, w], [left, right, top, bottom] → [..., top + h + bottom, left + w + right]
 */
export function pad(x: Tensor, padding: readonly number[], { mode = 'constant', value = 0 }: PadOptions = {}): Tensor {
  if (padding.length % 2 !== 0 || padding.length > 2 * x.ndim || !padding.every(Number.isInteger)) {
    throw new ShapeError(
      `pad: padding takes whole numbers, [before, after] of the last dimensions of ${showShape(x.shape)}, got ${JSON.stringify(padding)}`,
    )
  }
  const pairs = x.shape.map((_, d) => {
    const at = 2 * (x.ndim - 1 - d)
    return [padding[at] ?? 0, padding[at + 1] ?? 0] as const
  })
  if (mode === 'constant') return constant(x, pairs, value)
  const edge = edges[mode]
  if (!edge) throw new RangeError(`pad: mode is 'constant', 'reflect', 'replicate' or 'circular', got '${mode}'`)
  return pairs.reduce<Tensor>((y, [before, after], d) => {
    const most = edge.most(x.shape[d]!)
    if (Math.min(before, after) < 0 || Math.max(before, after) > most) {
      throw new ShapeError(
        `pad: mode '${mode}' takes 0 to ${most} on each side of dimension ${d} of size ${x.shape[d]}, got [${before}, ${after}]`,
      )
    }
    const parts = [before && edge.before(y, d, before), y, after && edge.after(y, d, after)].filter((part) => part !== 0)
    return parts.length > 1 ? concat(parts, d) : y
  }, x)
}

function constant(x: Tensor, pairs: readonly (readonly [number, number])[], value: number): Tensor {
  const cropped = pairs.reduce((y, [before, after], d) => {
    const size = x.shape[d]!
    if (size + before + after < 0) throw new ShapeError(`pad: [${before}, ${after}] crops more than dimension ${d} of size ${size} has`)
    return y.slice(d, Math.max(0, -before), size - Math.max(0, -after))
  }, x)
  return cropped.pad(
    pairs.map(([before, after]) => [Math.max(0, before), Math.max(0, after)]),
    value,
  )
}
