import { elementwise, type Tensor } from '../tensor.ts'
import { where } from './where.ts'

/** maximum(a, b): the greater, element by element; NaN where either is. Equals share the gradient.   shapes broadcast */
export const maximum = (a: Tensor | number, b: Tensor | number): Tensor => elementwise('max', a, b, 'maximum')

/** minimum(a, b): the lesser, element by element; NaN where either is. Equals share the gradient.   shapes broadcast */
export const minimum = (a: Tensor | number, b: Tensor | number): Tensor => elementwise('min', a, b, 'minimum')

/**
 * clamp(x, min, max) = min(max(x, min), max); null is no bound. Written as choices, so that x at a bound keeps its whole gradient, as in
 * torch.clamp. NaN stays NaN and passes its gradient, which torch.clamp makes 0.   shapes broadcast
 */
export function clamp(x: Tensor, min: Tensor | number | null, max: Tensor | number | null = null): Tensor {
  const raised = min === null ? x : where(x.lt(min), min, x)
  return max === null ? raised : where(raised.gt(max), max, raised)
}
