import { floatUnary, toFloat, untracked } from '../compose.ts'
import type { Tensor } from '../tensor.ts'
import { maximum } from './extrema.ts'
import { isfinite } from './finite.ts'
import { logicalAnd } from './logical.ts'
import { where } from './where.ts'

/** sqrt(x) = √x; NaN below 0.   any shape → same; integers give float32 */
export const sqrt = (x: Tensor): Tensor => floatUnary('sqrt', x)

/** rsqrt(x) = 1 / √x.   any shape → same; integers give float32 */
export const rsqrt = (x: Tensor): Tensor => floatUnary('recip', sqrt(x))

/** reciprocal(x) = 1 / x.   any shape → same; integers give float32 */
export const reciprocal = (x: Tensor): Tensor => floatUnary('recip', x)

/** square(x) = x², as a product: exact for integers, and cheaper than pow.   any shape → same */
export const square = (x: Tensor): Tensor => x.mul(x)

/**
 * hypot(a, b) = √(a² + b²), scaled by the greater of |a| and |b| so that no square overflows or vanishes. No derivative at
 * (0, 0): NaN, as in torch.hypot.   shapes broadcast; integers give float32
 */
export function hypot(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [toFloat(a), toFloat(b)]
  const scale = untracked(() => {
    const greater = maximum(x.abs(), y.abs())
    return where(logicalAnd(isfinite(greater), greater.gt(0)), greater, 1)
  })
  return sqrt(square(x.div(scale)).add(square(y.div(scale)))).mul(scale)
}
