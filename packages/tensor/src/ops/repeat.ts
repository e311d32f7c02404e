import { ShapeError } from '@tenon/kernel'
import { normalizeDim, type Shape, showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { tensor } from './create.ts'

const isCount = (n: number): boolean => Number.isInteger(n) && n >= 0

/**
 * repeat(x, sizes): x `sizes[d]` times along each dimension; more sizes than dimensions add leading ones. Source: torch.Tensor.repeat.
 * [n, m], [a, b] → [a·n, b·m]
 */
export function repeat(x: Tensor, sizes: readonly number[]): Tensor {
  if (sizes.length < x.ndim || !sizes.every(isCount)) {
    throw new ShapeError(
      `repeat takes a whole number ≥ 0 for each of the ${x.ndim} dimensions of ${showShape(x.shape)}, ` +
        `and perhaps for leading ones, got ${JSON.stringify(sizes)}`,
    )
  }
  const shape: Shape = [...new Array<number>(sizes.length - x.ndim).fill(1), ...x.shape]
  return x
    .reshape(shape.flatMap((size) => [1, size])) // [1, n, 1, m]
    .broadcastTo(shape.flatMap((size, d) => [sizes[d]!, size])) // [a, n, b, m]
    .reshape(shape.map((size, d) => sizes[d]! * size))
}

/** tile(x, sizes): as repeat, where sizes that are missing in front count as 1. Source: torch.tile.   [n, m], [b] → [n, b·m] */
export const tile = (x: Tensor, sizes: readonly number[]): Tensor =>
  repeat(x, [...new Array<number>(Math.max(0, x.ndim - sizes.length)).fill(1), ...sizes])

/**
 * repeatInterleave(x, repeats, dim): every element along `dim` `repeats` times, side by side, or element k `repeats[k]` times; without
 * `dim`, of x as one line. Source: torch.repeat_interleave.   [..., d, ...] → [..., d·repeats, ...]
 */
export function repeatInterleave(x: Tensor, repeats: number | readonly number[], dim?: number): Tensor {
  if (dim === undefined) return repeatInterleave(x.flatten(), repeats, 0)
  const d = normalizeDim('repeatInterleave', dim, x.ndim)
  const size = x.shape[d]!
  if (typeof repeats === 'number') {
    if (!isCount(repeats)) throw new ShapeError(`repeatInterleave: repeats is a whole number ≥ 0, got ${repeats}`)
    const [front, back] = [x.shape.slice(0, d), x.shape.slice(d + 1)]
    const spread = x.unsqueeze(d + 1).broadcastTo([...front, size, repeats, ...back])
    return spread.reshape([...front, size * repeats, ...back])
  }
  if (repeats.length !== size || !repeats.every(isCount)) {
    throw new ShapeError(
      `repeatInterleave takes a whole number ≥ 0 for each of the ${size} elements of dimension ${dim}, got ${JSON.stringify(repeats)}`,
    )
  }
  const index = repeats.flatMap((n, k) => new Array<number>(n).fill(k))
  return x.indexSelect(d, tensor(Int32Array.from(index)))
}
