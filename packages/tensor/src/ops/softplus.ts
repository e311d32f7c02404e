import { toFloat } from '../compose.ts'
import type { Tensor } from '../tensor.ts'
import { exp, log1p } from './exponential.ts'
import { maximum } from './extrema.ts'

/** softplus(x) = log(1 + eˣ), as max(x, 0) + log(1 + e^-|x|) so that it overflows for no x.   any shape → same */
export const softplus = (x: Tensor): Tensor => maximum(toFloat(x), 0).add(log1p(exp(x.abs().neg())))
