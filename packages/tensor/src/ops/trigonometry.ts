import { floatUnary } from '../compose.ts'
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
