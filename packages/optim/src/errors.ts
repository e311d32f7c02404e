import { TenonError } from '@tenon/tensor'

/** Options out of range or unknown, parameters that are none, a state that does not fit. */
export class OptimizerError extends TenonError {
  override name = 'OptimizerError'
}
