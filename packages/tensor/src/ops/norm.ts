import { DTypeError, isFloat } from '@tenon/kernel'
import type { Dims, ReduceOptions, Tensor } from '../tensor.ts'
import { sqrt } from './power.ts'
import { where } from './where.ts'

/**
 * norm(x, p) = (Σ |xᵢ|ᵖ)^(1/p) over `dim` (everything without it): p = 2 is the length, 1 the sum of sizes, ∞ and −∞ the greatest and the
 * least size, 0 the number of elements that are not 0. The gradient where the norm is 0 is 0; for ±∞ it goes to the first of equals.
 * Source: torch.linalg.vector_norm.   [..., d, ...] → [..., ...]; float dtypes
 */
export function norm(x: Tensor, p = 2, dim?: Dims, options: ReduceOptions = {}): Tensor {
  if (!isFloat(x.dtype)) throw new DTypeError(`norm takes a float tensor, got ${x.dtype}; cast with x.cast('float32')`)
  if (Number.isNaN(p)) throw new RangeError('norm: p is a number or ±Infinity, got NaN')
  if (p === 0) return x.ne(0).cast(x.dtype).sum(dim, options)
  if (p === Infinity) return x.abs().max(dim, options)
  if (p === -Infinity) return x.abs().min(dim, options)
  if (p === 1) return x.abs().sum(dim, options)
  if (p === 2) return root(x.mul(x).sum(dim, options), sqrt)
  const zero = x.eq(0)
  const powers = where(zero, p > 0 ? 0 : Infinity, where(zero, 1, x.abs()).pow(p))
  return root(powers.sum(dim, options), (sum) => sum.pow(1 / p))
}

/** A root whose derivative at 0, which is infinite, is never taken. */
function root(sum: Tensor, of: (sum: Tensor) => Tensor): Tensor {
  const zero = sum.eq(0)
  return where(zero, 0, of(where(zero, 1, sum)))
}
