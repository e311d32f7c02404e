/** Activations of fewer words: more of them stand in relu.ts, gelu.ts, silu.ts, sigmoid.ts, softplus.ts and softmax.ts. */
import { ShapeError } from '@tenon/kernel'
import { toFloat } from '../compose.ts'
import { normalizeDim, showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { elu } from './relu.ts'
import { sigmoid } from './sigmoid.ts'
import { softmax } from './softmax.ts'
import { softplus } from './softplus.ts'
import { tanh } from './trigonometry.ts'
import { where } from './where.ts'

/** selu(x) = scale · elu(x, alpha) with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017).   any shape → same */
export const selu = (x: Tensor): Tensor => elu(toFloat(x), 1.6732632423543772).mul(1.0507009873554805)

/** celu(x) = x above 0, alpha · (e^(x / alpha) − 1) below (Barron 2017), so that the slope at 0 is 1 for every alpha.   any shape → same */
export function celu(input: Tensor, alpha = 1): Tensor {
  if (!(alpha !== 0)) throw new RangeError(`celu: alpha is a number other than 0, got ${alpha}`)
  const x = toFloat(input)
  return alpha === 1 ? elu(x) : where(x.gt(0), x, elu(x.div(alpha)).mul(alpha))
}

/** mish(x) = x · tanh(softplus(x)) (Misra 2019).   any shape → same */
export const mish = (x: Tensor): Tensor => x.mul(tanh(softplus(x)))

/**
 * hardtanh(x) = min(max(x, minVal), maxVal), with slope 0 at the bounds, where that of clamp is 1; source: F.hardtanh.
 * any shape → same
 */
export function hardtanh(x: Tensor, minVal = -1, maxVal = 1): Tensor {
  if (!(minVal <= maxVal)) throw new RangeError(`hardtanh: minVal must not be above maxVal, got ${minVal} and ${maxVal}`)
  return where(x.le(minVal), minVal, where(x.ge(maxVal), maxVal, x))
}

/** relu6(x) = min(max(x, 0), 6), with slope 0 at 0 and 6 (Krizhevsky 2010).   any shape → same */
export const relu6 = (x: Tensor): Tensor => hardtanh(x, 0, 6)

/** softsign(x) = x / (1 + |x|).   any shape → same */
export const softsign = (x: Tensor): Tensor => x.div(x.abs().add(1))

/** tanhshrink(x) = x − tanh(x).   any shape → same */
export const tanhshrink = (x: Tensor): Tensor => x.sub(tanh(x))

/** softshrink(x) = x − lambda above lambda, x + lambda below −lambda, 0 between; NaN of NaN.   any shape → same */
export function softshrink(input: Tensor, lambda = 0.5): Tensor {
  if (!(lambda >= 0)) throw new RangeError(`softshrink: lambda is a number ≥ 0, got ${lambda}`)
  const x = toFloat(input)
  return where(x.abs().le(lambda), 0, where(x.gt(0), x.sub(lambda), x.add(lambda)))
}

/** hardshrink(x) = x where |x| > lambda, 0 elsewhere; NaN of NaN.   any shape → same */
export const hardshrink = (x: Tensor, lambda = 0.5): Tensor => where(toFloat(x).abs().le(lambda), 0, x)

/** threshold(x) = x above `threshold`, `value` elsewhere; NaN of NaN; source: F.threshold.   any shape → same */
export const threshold = (x: Tensor, limit: number, value: number): Tensor => where(x.le(limit), value, x)

/**
 * prelu(x, weight) = x above 0, weight · x elsewhere, the weight learned (He et al. 2015): one for all, or one for each channel (dimension
 * 1; a vector has one channel). Source: F.prelu.   [n, c, ...], [c] or [1] → [n, c, ...]
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.ndim > 1 ? x.shape[1]! : 1
  if (weight.ndim > 1 || (weight.size !== 1 && weight.size !== channels)) {
    throw new ShapeError(`prelu: the weight has one number, or one for each of ${channels} channels, got ${showShape(weight.shape)}`)
  }
  const slopes = weight.size === 1 ? weight.reshape([]) : weight.reshape([channels, ...x.shape.slice(2).map(() => 1)])
  return where(x.gt(0), x, x.mul(slopes))
}

/** glu(x) = a · sigmoid(b) with the halves [a, b] of x along `dim` (Dauphin et al. 2016).   [..., 2 d, ...] → [..., d, ...] */
export function glu(x: Tensor, dim = -1): Tensor {
  const d = normalizeDim('glu', dim, x.ndim)
  const half = x.shape[d]! / 2
  if (!Number.isInteger(half)) throw new ShapeError(`glu halves dimension ${dim}, whose size is odd in ${showShape(x.shape)}`)
  return x.slice(d, 0, half).mul(sigmoid(x.slice(d, half)))
}

/** softmin(x) = softmax(−x) along `dim`.   any shape → same */
export const softmin = (x: Tensor, dim: number): Tensor => softmax(toFloat(x).neg(), dim)
