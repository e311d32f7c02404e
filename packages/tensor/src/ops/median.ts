import { ShapeError } from '@tenon/kernel'
import { normalizeDim } from '../shape.ts'
import type { ReduceOptions, Tensor } from '../tensor.ts'
import { isnan } from './finite.ts'
import { argsort } from './sort.ts'
import { where } from './where.ts'

/**
 * median(x): the middle one of the numbers along `dim` (of all without it) in their order, the lesser of two; NaN where one is NaN. The gradient goes
 * to where the value came from (torch.median without dim shares it among equals). Source: torch.median, without its positions.   [..., n, ...] → [..., ...]
 *
 * @throws ShapeError where there is no number
 */
export function median(x: Tensor, dim?: number, { keepdim = false }: ReduceOptions = {}): Tensor {
  if (dim === undefined) {
    const middle = median(x.flatten(), 0)
    return keepdim ? middle.reshape(x.shape.map(() => 1)) : middle
  }
  const d = normalizeDim('median', dim, x.ndim)
  const n = x.shape[d]!
  if (n === 0) throw new ShapeError(`median: dimension ${dim} has size 0, and no numbers have no median`)
  const order = argsort(x, d)
  const [middle, last] = [order.slice(d, (n - 1) >> 1, ((n - 1) >> 1) + 1), order.slice(d, n - 1, n)]
  // NaN comes last.
  const value = x.gather(d, where(isnan(x.gather(d, last)), last, middle))
  return keepdim ? value : value.squeeze(d)
}
