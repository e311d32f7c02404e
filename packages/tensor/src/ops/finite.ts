import { isFloat } from '@tenon/kernel'
import type { Tensor } from '../tensor.ts'
import { where } from './where.ts'

/** isnan(x): whether x is not a number, which alone differs from itself.   any shape → same, bool */
export const isnan = (x: Tensor): Tensor => x.ne(x)

/** isfinite(x): whether x is neither infinite nor NaN: x − x is 0 then, and NaN otherwise.   any shape → same, bool */
export const isfinite = (x: Tensor): Tensor => x.sub(x).eq(0)

/** isinf(x): whether x is ∞ or −∞.   any shape → same, bool */
export const isinf = (x: Tensor): Tensor => x.abs().eq(Infinity)

/** Options of `nanToNum`. */
export interface NanToNumOptions {
  /** Instead of NaN; 0. */
  readonly nan?: number
  /** Instead of ∞; the greatest finite number of the dtype. */
  readonly posinf?: number
  /** Instead of −∞; the least finite number of the dtype. */
  readonly neginf?: number
}

/** nanToNum(x): x with finite numbers in place of NaN, ∞ and −∞, which get no gradient; source: torch.nan_to_num.   any shape → same */
export function nanToNum(x: Tensor, options: NanToNumOptions = {}): Tensor {
  if (!isFloat(x.dtype)) return x
  const greatest = x.dtype === 'float64' ? Number.MAX_VALUE : 3.4028234663852886e38
  const { nan = 0, posinf = greatest, neginf = -greatest } = options
  return where(isnan(x), nan, where(x.eq(Infinity), posinf, where(x.eq(-Infinity), neginf, x)))
}
