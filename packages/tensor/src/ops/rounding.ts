import { isFloat } from '@tenon/kernel'
import { align } from '../promote.ts'
import { primitive, Tensor } from '../tensor.ts'
import { where } from './where.ts'

const rounded = (op: 'floor' | 'ceil' | 'round', x: Tensor): Tensor => (isFloat(x.dtype) ? primitive(op, [x], {}) : x)

/** floor(x): the greatest whole number ≤ x. Integers stay as they are.   any shape → same */
export const floor = (x: Tensor): Tensor => rounded('floor', x)

/** ceil(x): the least whole number ≥ x. Integers stay as they are.   any shape → same */
export const ceil = (x: Tensor): Tensor => rounded('ceil', x)

/** round(x): the nearest whole number, halves to even. Integers stay as they are.   any shape → same */
export const round = (x: Tensor): Tensor => rounded('round', x)

/** sign(x): −1, 0 or 1; NaN of NaN.   any shape → same */
export const sign = (x: Tensor): Tensor => primitive('sign', [x], {})

/** trunc(x): the whole number next to x towards 0. Integers stay as they are.   any shape → same */
export const trunc = (x: Tensor): Tensor => (isFloat(x.dtype) ? where(x.lt(0), ceil(x), floor(x)) : x)

/** frac(x) = x − trunc(x), with the sign of x.   any shape → same */
export const frac = (x: Tensor): Tensor => x.sub(trunc(x))

/**
 * fmod(a, b) = a − trunc(a / b) · b, which has the sign of `a` (`a.remainder(b)` has that of `b`). Where |a| < |b| it is a itself,
 * also for an infinite b; an integer divisor of 0 gives a.   shapes broadcast; source: torch.fmod
 */
export function fmod(a: Tensor, b: Tensor | number): Tensor {
  const [x, y] = align('fmod', a.node, typeof b === 'number' ? b : b.node, false).map((node) => new Tensor(node)) as [Tensor, Tensor]
  const whole = isFloat(x.dtype) ? trunc(x.div(y)) : sign(x).mul(sign(y)).mul(x.abs().floorDiv(y.abs()))
  return where(whole.eq(0), x, x.sub(whole.mul(y)))
}
