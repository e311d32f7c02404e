import { toFloat } from '../compose.ts'
import { primitive, type Tensor } from '../tensor.ts'
import { expm1 } from './exponential.ts'
import { where } from './where.ts'

/** relu(x) = max(x, 0), with slope 0 at 0, and NaN of NaN.   any shape → same */
export const relu = (x: Tensor): Tensor => primitive('relu', [x], {})

/** leakyRelu(x) = x above 0, negativeSlope · x below.   any shape → same; source: F.leaky_relu */
export const leakyRelu = (x: Tensor, negativeSlope = 0.01): Tensor => where(x.gt(0), x, toFloat(x).mul(negativeSlope))

/**
 * elu(x) = x above 0, alpha · (eˣ − 1) below (Clevert et al. 2015). The exponential sees no positive x: what overflows in the
 * branch not taken would make the gradient 0 · ∞.   any shape → same
 */
export function elu(x: Tensor, alpha = 1): Tensor {
  const negative = x.le(0)
  return where(negative, expm1(where(negative, x, 0)).mul(alpha), x)
}
