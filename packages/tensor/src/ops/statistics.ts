import { normalizeDims } from '../shape.ts'
import type { Dims, ReduceOptions, Tensor, VarianceOptions } from '../tensor.ts'
import { isnan } from './finite.ts'
import { where } from './where.ts'

/**
 * varMean(x) = [Σ (x − mean)² / (n − correction), mean] over `dim` (everything without it), the mean computed once. Correction 1 unless
 * said otherwise; source: torch.var_mean.   [..., d, ...] → two of [..., ...]; float dtypes
 */
export function varMean(x: Tensor, dim?: Dims, { keepdim = false, correction = 1 }: VarianceOptions = {}): [Tensor, Tensor] {
  const dims = normalizeDims('varMean', dim, x.ndim)
  const mean = x.mean(dims, { keepdim: true })
  const centred = x.sub(mean)
  const count = dims.reduce((n, d) => n * x.shape[d]!, 1)
  const variance = centred
    .mul(centred)
    .sum(dims, { keepdim })
    .div(Math.max(0, count - correction))
  return [variance, keepdim ? mean : mean.reshape(variance.shape)]
}

/** nansum(x): the sum over `dim` of what is not NaN; source: torch.nansum.   [..., d, ...] → [..., ...] */
export const nansum = (x: Tensor, dim?: Dims, options: ReduceOptions = {}): Tensor => where(isnan(x), 0, x).sum(dim, options)

/**
 * countNonzero(x): how many elements along `dim` are not 0 (NaN is not); source: torch.count_nonzero.
 * [..., d, ...] → [..., ...], int32
 */
export const countNonzero = (x: Tensor, dim?: Dims): Tensor => x.ne(0).sum(dim)
