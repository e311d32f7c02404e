import { fromScalar, type Tensor } from '../tensor.ts'
import { where } from './where.ts'

/**
 * maskedFill(x, mask, value) = value where the mask is true, x elsewhere; x keeps its dtype. Source: torch.masked_fill.
 *
 * shapes broadcast; the mask is bool, a tensor `value` of any shape that broadcasts
 */
export const maskedFill = (x: Tensor, mask: Tensor, value: Tensor | number): Tensor =>
  where(mask, typeof value === 'number' ? fromScalar(value, x.dtype) : value.cast(x.dtype), x)
