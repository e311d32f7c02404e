import { floatUnary, toFloat } from '../compose.ts'
import { elementwise, type Tensor } from '../tensor.ts'

/** sin(x), x in radians.   any shape → same; integers give float32 */
export const sin = (x: Tensor): Tensor => floatUnary('sin', x)

/** cos(x), x in radians.   any shape → same; integers give float32 */
export const cos = (x: Tensor): Tensor => floatUnary('cos', x)

/** tan(x), x in radians.   any shape → same; integers give float32 */
export const tan = (x: Tensor): Tensor => floatUnary('tan', x)

/** tanh(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), in (−1, 1).   any shape → same; integers give float32 */
export const tanh = (x: Tensor): Tensor => floatUnary('tanh', x)

/** atan2(y, x): the angle of the point (x, y), in (−π, π].   shapes broadcast; integers give float32 */
export const atan2 = (y: Tensor | number, x: Tensor | number): Tensor => elementwise('atan2', y, x)

/** √(1 − x²) as √(1 − x) · √(1 + x): no cancellation near ±1, and a derivative of ∞ and not NaN there. */
const leg = (x: Tensor): Tensor => floatUnary('sqrt', x.neg().add(1)).mul(floatUnary('sqrt', x.add(1)))

/** asin(x), the angle in [−π/2, π/2] whose sine is x; NaN outside [−1, 1].   any shape → same; integers give float32 */
export const asin = (input: Tensor): Tensor => {
  const x = toFloat(input)
  return atan2(x, leg(x))
}

/** acos(x), the angle in [0, π] whose cosine is x; NaN outside [−1, 1].   any shape → same; integers give float32 */
export const acos = (input: Tensor): Tensor => {
  const x = toFloat(input)
  return atan2(leg(x), x)
}

/** atan(x), the angle in [−π/2, π/2] whose tangent is x.   any shape → same; integers give float32 */
export const atan = (x: Tensor): Tensor => atan2(x, 1)
