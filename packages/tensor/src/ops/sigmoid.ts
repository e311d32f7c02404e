import { toFloat } from '../compose.ts'
import { customRule } from '../custom-rule.ts'
import { primitive, type Tensor } from '../tensor.ts'
import { exp } from './exponential.ts'
import { reciprocal } from './power.ts'
import { softplus } from './softplus.ts'
import { where } from './where.ts'

/** σ' = σ(x) · σ(−x), of which one is r and the other e r. */
const rule = customRule<[x: Tensor, e: Tensor, r: Tensor]>('sigmoid', ({ dy, inputs: [, e, r] }) => [dy.mul(e).mul(r).mul(r), null, null])

/**
 * sigmoid(x) = 1 / (1 + e⁻ˣ), as eˣ / (1 + eˣ) below 0, so that neither it nor its gradient overflows, and small values of both keep
 * all their digits.   any shape → same; integers give float32
 */
export function sigmoid(input: Tensor): Tensor {
  const x = toFloat(input)
  const negative = x.lt(0)
  const e = exp(where(negative, x, x.neg())) // e^−|x|, with a slope at 0
  const r = reciprocal(e.add(1))
  return primitive('custom', [where(negative, e, 1).mul(r), x, e, r], { rule })
}

/** logSigmoid(x) = log(sigmoid(x)), as −softplus(−x), which is finite where the sigmoid is rounded to 0.   any shape → same */
export const logSigmoid = (x: Tensor): Tensor => softplus(x.neg()).neg()
