/** Pooling to a size: output i is of the elements from ⌊i·h / n⌋ to ⌈(i + 1)·h / n⌉ of h, of n outputs. */
import { DTypeError, isFloat, ShapeError } from '@tenon/kernel'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { tensor } from './create.ts'
import { where } from './where.ts'

/** A size for every spatial axis, or one for each; null keeps that of the input. */
export type OutputSize = number | null | readonly (number | null)[]

/** adaptiveAvgPool2d(x, [h', w']): means. Source: F.adaptive_avg_pool2d.   [n, c, h, w] → [n, c, h', w']; [c, h, w] → [c, h', w'] */
export const adaptiveAvgPool2d = (x: Tensor, outputSize: OutputSize): Tensor => adaptive('adaptiveAvgPool2d', 2, x, outputSize, mean)

/** adaptiveAvgPool1d(x, l'): means. Source: F.adaptive_avg_pool1d.   [n, c, l] → [n, c, l']; [c, l] → [c, l'] */
export const adaptiveAvgPool1d = (x: Tensor, outputSize: OutputSize): Tensor => adaptive('adaptiveAvgPool1d', 1, x, outputSize, mean)

/** adaptiveMaxPool2d(x, [h', w']): maxima. Source: F.adaptive_max_pool2d.   [n, c, h, w] → [n, c, h', w']; [c, h, w] → [c, h', w'] */
export const adaptiveMaxPool2d = (x: Tensor, outputSize: OutputSize): Tensor => adaptive('adaptiveMaxPool2d', 2, x, outputSize, greatest)

/** adaptiveMaxPool1d(x, l'): maxima. Source: F.adaptive_max_pool1d.   [n, c, l] → [n, c, l']; [c, l] → [c, l'] */
export const adaptiveMaxPool1d = (x: Tensor, outputSize: OutputSize): Tensor => adaptive('adaptiveMaxPool1d', 1, x, outputSize, greatest)

/** Reduces the windows [..., n, k, ...] along their dimension; `lengths` says how many of the k elements are a window's own. */
type Reduce = (windows: Tensor, dim: number, lengths: readonly number[]) => Tensor

const mean: Reduce = (windows, dim, lengths) => {
  const k = windows.shape[dim]!
  if (lengths.every((length) => length === k)) return windows.mean(dim)
  const after = windows.shape.slice(dim + 1).map(() => 1)
  const own = lengths.flatMap((length) => Array.from({ length: k }, (_, j) => j < length))
  const sum = where(tensor(own, [lengths.length, k, ...after]), windows, 0).sum(dim)
  return sum.div(tensor([...lengths], [lengths.length, ...after]).cast(windows.dtype))
}

/** What fills a shorter window up is its last element, which changes no maximum. */
const greatest: Reduce = (windows, dim) => windows.max(dim)

function adaptive(op: string, axes: number, x: Tensor, outputSize: OutputSize, reduce: Reduce): Tensor {
  const lead = x.ndim - axes
  if (lead !== 1 && lead !== 2) {
    const spatial = axes === 1 ? 'l' : 'h, w'
    throw new ShapeError(`${op} takes an input [n, c, ${spatial}] or [c, ${spatial}], got ${showShape(x.shape)}`)
  }
  if (!isFloat(x.dtype)) throw new DTypeError(`${op} takes a float tensor, got ${x.dtype}; cast with x.cast('float32')`)
  const sizes = outputSize === null || typeof outputSize === 'number' ? new Array<number | null>(axes).fill(outputSize) : outputSize
  if (sizes.length !== axes || sizes.some((n) => n !== null && (!Number.isInteger(n) || n < 1))) {
    throw new ShapeError(
      `${op}: outputSize takes a whole number ≥ 1 or null${axes > 1 ? `, or ${axes} of them` : ''}, got ${JSON.stringify(outputSize)}`,
    )
  }
  if (x.shape.slice(lead).includes(0)) throw new ShapeError(`${op}: an input without elements to pool, got ${showShape(x.shape)}`)
  return sizes.reduce<Tensor>((y, n, d) => (n === null || n === x.shape[lead + d] ? y : alongAxis(y, lead + d, n, reduce)), x)
}

function alongAxis(x: Tensor, dim: number, n: number, reduce: Reduce): Tensor {
  const size = x.shape[dim]!
  const [front, back] = [x.shape.slice(0, dim), x.shape.slice(dim + 1)]
  const starts = Array.from({ length: n }, (_, i) => Math.floor((i * size) / n))
  const lengths = starts.map((start, i) => Math.ceil(((i + 1) * size) / n) - start)
  const k = Math.max(...lengths)
  if (size === n * k) return reduce(x.reshape([...front, n, k, ...back]), dim + 1, lengths)
  const index = starts.flatMap((start, i) => Array.from({ length: k }, (_, j) => start + Math.min(j, lengths[i]! - 1)))
  return reduce(x.indexSelect(dim, tensor(Int32Array.from(index))).reshape([...front, n, k, ...back]), dim + 1, lengths)
}
