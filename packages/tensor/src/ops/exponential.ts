import { floatUnary, toFloat } from '../compose.ts'
import { elementwise, type Tensor } from '../tensor.ts'
import { maximum } from './extrema.ts'
import { where } from './where.ts'

/** exp(x) = eˣ.   any shape → same; integers give float32 */
export const exp = (x: Tensor): Tensor => floatUnary('exp', x)

/** expm1(x) = eˣ − 1, exact near 0 where eˣ is rounded to 1.   any shape → same; integers give float32 */
export const expm1 = (x: Tensor): Tensor => floatUnary('expm1', x)

/** log(x) = ln x; log(0) = −∞, and NaN below.   any shape → same; integers give float32 */
export const log = (x: Tensor): Tensor => floatUnary('log', x)

/** log1p(x) = ln(1 + x), exact near 0 where 1 + x is rounded to 1.   any shape → same; integers give float32 */
export const log1p = (x: Tensor): Tensor => floatUnary('log1p', x)

/** exp2(x) = 2ˣ, exact at whole x.   any shape → same; integers give float32 */
export const exp2 = (x: Tensor): Tensor => elementwise('pow', 2, toFloat(x))

/** log2(x) = ln x / ln 2; log2(0) = −∞, and NaN below.   any shape → same; integers give float32 */
export const log2 = (x: Tensor): Tensor => log(x).mul(Math.LOG2E)

/** log10(x) = ln x / ln 10; log10(0) = −∞, and NaN below.   any shape → same; integers give float32 */
export const log10 = (x: Tensor): Tensor => log(x).mul(Math.LOG10E)

/**
 * logaddexp(a, b) = log(eᵃ + eᵇ), as max(a, b) + log(1 + e^−|a − b|) so that it overflows for no a and b; of two equals the
 * distance is 0 even where they are infinite.   shapes broadcast
 */
export function logaddexp(a: Tensor, b: Tensor): Tensor {
  const [x, y] = [toFloat(a), toFloat(b)]
  const distance = where(x.eq(y), 0, x.sub(y)).abs()
  return maximum(x, y).add(log1p(exp(distance.neg())))
}
