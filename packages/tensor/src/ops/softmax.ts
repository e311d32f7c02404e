import { toFloat, untracked } from '../compose.ts'
import { normalizeDim, normalizeDims } from '../shape.ts'
import type { Dims, ReduceOptions, Tensor } from '../tensor.ts'
import { exp, log } from './exponential.ts'
import { isfinite } from './finite.ts'
import { reciprocal } from './power.ts'
import { where } from './where.ts'

/** x − max x along one dimension, at most 0. The maximum is subtracted again later or cancels, so no gradient flows through it. */
const shifted = (x: Tensor, dim: number): Tensor => x.sub(untracked(() => x.max(dim, { keepdim: true })))

/**
 * softmax(x)ᵢ = e^xᵢ / Σⱼ e^xⱼ along `dim`, with the row's maximum subtracted first so that nothing overflows. −∞ has probability 0; a
 * row of nothing but −∞ gives NaN, as in PyTorch.   any shape → same
 */
export function softmax(input: Tensor, dim: number): Tensor {
  const x = toFloat(input)
  const d = normalizeDim('softmax', dim, x.ndim)
  if (x.size === 0) return x
  const e = exp(shifted(x, d))
  return e.mul(reciprocal(e.sum(d, { keepdim: true }))) // one division a row
}

/** logSoftmax(x)ᵢ = xᵢ − log Σⱼ e^xⱼ along `dim`: finite where the softmax is rounded to 0.   any shape → same */
export function logSoftmax(input: Tensor, dim: number): Tensor {
  const x = toFloat(input)
  const d = normalizeDim('logSoftmax', dim, x.ndim)
  if (x.size === 0) return x
  const y = shifted(x, d)
  return y.sub(log(exp(y).sum(d, { keepdim: true })))
}

/**
 * logsumexp(x) = log Σⱼ e^xⱼ over `dim` (everything without it), with the maximum taken out of the sum, except an infinite one: a
 * row of −∞ gives −∞, a row with ∞ gives ∞.   [..., d, ...] → [..., ...]
 */
export function logsumexp(input: Tensor, dim?: Dims, { keepdim = false }: ReduceOptions = {}): Tensor {
  const x = toFloat(input)
  const dims = normalizeDims('logsumexp', dim, x.ndim)
  if (dims.some((d) => x.shape[d] === 0)) return log(x.sum(dims, { keepdim })) // log 0 = −∞
  const shift = untracked(() => {
    const max = x.max(dims, { keepdim: true })
    return where(isfinite(max), max, 0)
  })
  const kept = log(exp(x.sub(shift)).sum(dims, { keepdim: true })).add(shift)
  return keepdim ? kept : kept.reshape(x.shape.filter((_, d) => !dims.includes(d)))
}
