import { floatUnary } from '../compose.ts'
import type { Tensor } from '../tensor.ts'

/** exp(x) = eˣ.   any shape → same; integers give float32 */
export const exp = (x: Tensor): Tensor => floatUnary('exp', x)

/** expm1(x) = eˣ − 1, exact near 0 where eˣ is rounded to 1.   any shape → same; integers give float32 */
export const expm1 = (x: Tensor): Tensor => floatUnary('expm1', x)

/** log(x) = ln x; log(0) = −∞, and NaN below.   any shape → same; integers give float32 */
export const log = (x: Tensor): Tensor => floatUnary('log', x)

/** log1p(x) = ln(1 + x), exact near 0 where 1 + x is rounded to 1.   any shape → same; integers give float32 */
export const log1p = (x: Tensor): Tensor => floatUnary('log1p', x)
