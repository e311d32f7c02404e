import { toFloat } from '../compose.ts'
import type { Tensor } from '../tensor.ts'
import { exp, expm1, log1p } from './exponential.ts'
import { sqrt } from './power.ts'
import { where } from './where.ts'

/** sinh(x) = (eˣ − e⁻ˣ) / 2, with expm1, which keeps the digits near 0.   any shape → same; integers give float32 */
export function sinh(input: Tensor): Tensor {
  const x = toFloat(input)
  return expm1(x).sub(expm1(x.neg())).mul(0.5)
}

/** cosh(x) = (eˣ + e⁻ˣ) / 2.   any shape → same; integers give float32 */
export function cosh(input: Tensor): Tensor {
  const x = toFloat(input)
  return exp(x).add(exp(x.neg())).mul(0.5)
}

/**
 * asinh(x) = ln(x + √(x² + 1)), as ± log1p(|x| + x² / (1 + √(x² + 1))), which keeps the digits near 0 and of a negative x. ±∞ where x² is
 * too large.   any shape → same; integers give float32
 */
export function asinh(input: Tensor): Tensor {
  const x = toFloat(input)
  const negative = x.lt(0)
  const size = where(negative, x.neg(), x) // |x|, with a slope at 0
  const squared = size.mul(size)
  const y = log1p(size.add(squared.div(sqrt(squared.add(1)).add(1))))
  return where(negative, y.neg(), y)
}

/**
 * acosh(x) = ln(x + √(x² − 1)), with t = x − 1 as log1p(t + √t · √(t + 2)), which keeps the digits near 1; NaN below 1.
 * any shape → same
 */
export function acosh(input: Tensor): Tensor {
  const t = toFloat(input).sub(1)
  return log1p(t.add(sqrt(t).mul(sqrt(t.add(2)))))
}

/** atanh(x) = ½ ln((1 + x) / (1 − x)); ±∞ at ±1, and NaN beyond.   any shape → same; integers give float32 */
export function atanh(input: Tensor): Tensor {
  const x = toFloat(input)
  return log1p(x).sub(log1p(x.neg())).mul(0.5)
}
