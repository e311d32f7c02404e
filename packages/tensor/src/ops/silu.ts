import { toFloat } from '../compose.ts'
import type { Tensor } from '../tensor.ts'
import { clamp } from './extrema.ts'
import { sigmoid } from './sigmoid.ts'

/** silu(x) = x · sigmoid(x), also called swish (Elfwing et al. 2017).   any shape → same */
export const silu = (x: Tensor): Tensor => x.mul(sigmoid(x))

/** hardsigmoid(x) = min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).   any shape → same */
export const hardsigmoid = (x: Tensor): Tensor => clamp(toFloat(x).add(3), 0, 6).div(6)

/** hardswish(x) = x · hardsigmoid(x) (Howard et al. 2019).   any shape → same */
export const hardswish = (x: Tensor): Tensor => x.mul(hardsigmoid(x))
