import { clamp } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'
import { type ParameterList, readParameters } from './parameters.ts'

/**
 * Brings every element of the gradients into −clipValue … clipValue. Parameters without a gradient are skipped; NaN stays NaN.
 * PyTorch: `torch.nn.utils.clip_grad_value_`.
 *
 * @throws OptimizerError unless clipValue is a number ≥ 0.
 */
export function clipGradValue(parameters: ParameterList, clipValue: number): void {
  if (!(clipValue >= 0)) throw new OptimizerError(`clipGradValue: clipValue must be a number ≥ 0, got ${clipValue}`)
  for (const variable of readParameters('clipGradValue', parameters).values()) {
    if (variable.grad) variable.grad = clamp(variable.grad, -clipValue, clipValue)
  }
}
