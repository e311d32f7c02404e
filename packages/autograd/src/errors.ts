import { TenonError } from '@tenon/tensor'

/** A gradient that cannot be had: nothing differentiable leads from the value to what the gradient is by. */
export class GradientError extends TenonError {
  override name = 'GradientError'
}
