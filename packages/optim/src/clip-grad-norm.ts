import { full, markKept, minimum, reciprocal, sqrt, type Tensor } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'
import { type ParameterList, readParameters } from './parameters.ts'

/**
 * Scales all gradients together by min(1, maxNorm / (norm + 1e-6)), where norm is the 2-norm of all of them as one vector, and
 * returns that norm as it was before, a scalar that may be read after the step. Nothing is computed before. Parameters without a
 * gradient are skipped. PyTorch: `torch.nn.utils.clip_grad_norm_`.
 *
 * @throws OptimizerError unless maxNorm is a number above 0.
 */
export function clipGradNorm(parameters: ParameterList, maxNorm: number): Tensor {
  if (!(maxNorm > 0)) throw new OptimizerError(`clipGradNorm: maxNorm must be above 0, got ${maxNorm}`)
  const variables = [...readParameters('clipGradNorm', parameters).values()]
  const squares = variables.flatMap(({ grad }) => (grad ? [grad.mul(grad).sum()] : []))
  const norm = sqrt(squares.reduce((sum, square) => sum.add(square), full([], 0))) // []
  markKept(norm)
  const factor = minimum(reciprocal(norm.add(1e-6)).mul(maxNorm), 1)
  for (const variable of variables) {
    if (variable.grad) variable.grad = variable.grad.mul(factor.cast(variable.grad.dtype))
  }
  return norm
}
