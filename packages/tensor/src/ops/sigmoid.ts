import { toFloat } from '../compose.ts'
import type { Tensor } from '../tensor.ts'
import { exp } from './exponential.ts'
import { softplus } from './softplus.ts'
import { where } from './where.ts'

/**
 * sigmoid(x) = 1 / (1 + e⁻ˣ), as eˣ / (1 + eˣ) below 0, so that neither it nor its gradient overflows, and small values keep
 * all their digits.   any shape → same; integers give float32
 */
export function sigmoid(input: Tensor): Tensor {
  const x = toFloat(input)
  const negative = x.lt(0)
  const e = exp(where(negative, x, x.neg())) // e^−|x|, with a slope at 0
  return where(negative, e, 1).div(e.add(1))
}

/** logSigmoid(x) = log(sigmoid(x)), as −softplus(−x), which is finite where the sigmoid is rounded to 0.   any shape → same */
export const logSigmoid = (x: Tensor): Tensor => softplus(x.neg()).neg()
