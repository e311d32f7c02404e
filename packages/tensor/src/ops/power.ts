import { floatUnary } from '../compose.ts'
import type { Tensor } from '../tensor.ts'

/** sqrt(x) = √x; NaN below 0.   any shape → same; integers give float32 */
export const sqrt = (x: Tensor): Tensor => floatUnary('sqrt', x)

/** rsqrt(x) = 1 / √x.   any shape → same; integers give float32 */
export const rsqrt = (x: Tensor): Tensor => floatUnary('recip', sqrt(x))

/** reciprocal(x) = 1 / x.   any shape → same; integers give float32 */
export const reciprocal = (x: Tensor): Tensor => floatUnary('recip', x)

/** square(x) = x², as a product: exact for integers, and cheaper than pow.   any shape → same */
export const square = (x: Tensor): Tensor => x.mul(x)
