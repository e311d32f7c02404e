import { isFloat } from '@tenon/kernel'
import { primitive, type Tensor } from '../tensor.ts'

const rounded = (op: 'floor' | 'ceil' | 'round', x: Tensor): Tensor => (isFloat(x.dtype) ? primitive(op, [x], {}) : x)

/** floor(x): the greatest whole number ≤ x. Integers stay as they are.   any shape → same */
export const floor = (x: Tensor): Tensor => rounded('floor', x)

/** ceil(x): the least whole number ≥ x. Integers stay as they are.   any shape → same */
export const ceil = (x: Tensor): Tensor => rounded('ceil', x)

/** round(x): the nearest whole number, halves to even. Integers stay as they are.   any shape → same */
export const round = (x: Tensor): Tensor => rounded('round', x)

/** sign(x): −1, 0 or 1; NaN of NaN.   any shape → same */
export const sign = (x: Tensor): Tensor => primitive('sign', [x], {})
