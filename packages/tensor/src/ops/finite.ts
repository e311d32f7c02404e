import type { Tensor } from '../tensor.ts'

/** isnan(x): whether x is not a number, which alone differs from itself.   any shape → same, bool */
export const isnan = (x: Tensor): Tensor => x.ne(x)

/** isfinite(x): whether x is neither infinite nor NaN: x − x is 0 then, and NaN otherwise.   any shape → same, bool */
export const isfinite = (x: Tensor): Tensor => x.sub(x).eq(0)

/** isinf(x): whether x is ∞ or −∞.   any shape → same, bool */
export const isinf = (x: Tensor): Tensor => x.abs().eq(Infinity)
