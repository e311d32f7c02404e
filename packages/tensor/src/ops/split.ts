import { ShapeError } from '@tenon/kernel'
import { normalizeDim } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** split(x, size, dim): parts of `size` along `dim`, the last one perhaps smaller; an array gives the size of each part; source: torch.split. */
export function split(x: Tensor, size: number | readonly number[], dim = 0): Tensor[] {
  const d = normalizeDim('split', dim, x.ndim)
  const total = x.shape[d]!
  const sizes = typeof size === 'number' ? equalParts(total, size) : size
  if (sizes.some((n) => !Number.isInteger(n) || n < 0) || sizes.reduce((sum, n) => sum + n, 0) !== total) {
    throw new ShapeError(`split: parts of ${JSON.stringify(size)} do not make up dimension ${dim} of size ${total}`)
  }
  let start = 0
  return sizes.map((n) => x.slice(d, start, (start += n)))
}

function equalParts(total: number, size: number): number[] {
  if (!Number.isInteger(size) || size < 1) throw new ShapeError(`split: a part has a whole size ≥ 1, got ${size}`)
  return Array.from({ length: Math.max(1, Math.ceil(total / size)) }, (_, i) => Math.min(size, total - i * size))
}

/** chunk(x, chunks, dim): at most `chunks` parts of equal size, the last one perhaps smaller; source: torch.chunk. */
export function chunk(x: Tensor, chunks: number, dim = 0): Tensor[] {
  if (!Number.isInteger(chunks) || chunks < 1) throw new ShapeError(`chunk: chunks must be a whole number ≥ 1, got ${chunks}`)
  const total = x.shape[normalizeDim('chunk', dim, x.ndim)]!
  return total === 0 ? Array.from({ length: chunks }, () => x) : split(x, Math.ceil(total / chunks), dim)
}

/** unbind(x, dim): every position along `dim`, which goes; source: torch.unbind.   [..., k, ...] → k tensors [..., ...] */
export function unbind(x: Tensor, dim = 0): Tensor[] {
  const d = normalizeDim('unbind', dim, x.ndim)
  return Array.from({ length: x.shape[d]! }, (_, i) => x.select(d, i))
}
