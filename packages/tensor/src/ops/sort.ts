import { ShapeError } from '@tenon/kernel'
import { normalizeDim } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'

/** Options of `sort` and `argsort`. */
export interface SortOptions {
  /** From the greatest to the least. Default false. */
  readonly descending?: boolean
}

/** Options of `topk`. */
export interface TopkOptions {
  /** The greatest values; else the least. Default true. */
  readonly largest?: boolean
}

/** Values in order, and the position (int32) along the dimension that each comes from. */
export interface Sorted {
  readonly values: Tensor
  readonly indices: Tensor
}

/**
 * argsort(x, dim): the positions, int32, that put x in order along `dim`. Always stable: equals stay as they follow one another, −0 equals 0,
 * and NaN is greater than everything. Source: torch.argsort(stable=True).   [..., n, ...] → same
 */
export function argsort(x: Tensor, dim = -1, { descending = false }: SortOptions = {}): Tensor {
  const d = normalizeDim('argsort', dim, x.ndim)
  return primitive('argsort', [x], { dim: d, descending, count: x.shape[d]! })
}

/**
 * sort(x, dim): x in order along `dim`, with the positions that the values come from; ordered as by `argsort`. A value's gradient goes to where it
 * came from. Source: torch.sort(stable=True).   [..., n, ...] → { values, indices } of the same shape
 */
export function sort(x: Tensor, dim = -1, options: SortOptions = {}): Sorted {
  const d = normalizeDim('sort', dim, x.ndim)
  return picked(x, d, argsort(x, d, options))
}

/**
 * topk(x, k, dim): the k greatest (or least) values along `dim`, in order, with their positions; of equals the first. Source: torch.topk, which
 * does not say which of equals.   [..., n, ...] → { values, indices } [..., k, ...]
 *
 * @throws ShapeError unless 0 ≤ k ≤ n
 */
export function topk(x: Tensor, k: number, dim = -1, { largest = true }: TopkOptions = {}): Sorted {
  const d = normalizeDim('topk', dim, x.ndim)
  const size = x.shape[d]!
  if (!Number.isInteger(k) || k < 0 || k > size) {
    throw new ShapeError(`topk: k must be a whole number from 0 to ${size}, the size of dimension ${dim}, got ${k}`)
  }
  // One value needs no order. For argmin NaN is the least, so this is for the greatest alone.
  if (k === 1 && largest) return picked(x, d, x.argmax(d, { keepdim: true }))
  return picked(x, d, primitive('argsort', [x], { dim: d, descending: largest, count: k }).slice(d, 0, k))
}

const picked = (x: Tensor, dim: number, indices: Tensor): Sorted => ({ values: x.gather(dim, indices), indices })
