import { elementwise, primitive, type Tensor } from '../tensor.ts'

const toBool = (x: Tensor): Tensor => (x.dtype === 'bool' ? x : x.ne(0))

/** logicalNot(x): whether x is zero.   any shape → same, bool */
export const logicalNot = (x: Tensor): Tensor => primitive('not', [toBool(x)], {})

/** logicalAnd(a, b): whether neither is zero.   shapes broadcast, bool */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => elementwise('and', toBool(a), toBool(b), 'logicalAnd')

/** logicalOr(a, b): whether one of them is not zero.   shapes broadcast, bool */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => elementwise('or', toBool(a), toBool(b), 'logicalOr')

/** logicalXor(a, b): whether exactly one of them is not zero.   shapes broadcast, bool */
export const logicalXor = (a: Tensor, b: Tensor): Tensor => elementwise('xor', toBool(a), toBool(b), 'logicalXor')
