import { floatUnary } from '../compose.ts'
import type { Tensor } from '../tensor.ts'

/** erf(x) = 2/√π ∫₀ˣ e^(−t²) dt, in (−1, 1).   any shape → same; integers give float32 */
export const erf = (x: Tensor): Tensor => floatUnary('erf', x)
