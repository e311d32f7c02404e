import { full, markKept, maximum, minimum, reciprocal, sqrt, type Tensor, type Variable } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'
import { type ParameterList, readParameters } from './parameters.ts'

/** Options of `clipGradNorm`. */
export interface ClipGradNormOptions {
  /** p of the norm, above 0; Infinity is the greatest size of an element. Default 2. */
  readonly normType?: number
}

/**
 * Scales all gradients together by min(1, maxNorm / (norm + 1e-6)), where norm is the p-norm of all of them as one vector, and
 * returns that norm as it was before, a scalar that may be read after the step. Nothing is computed before. Parameters without a
 * gradient are skipped. PyTorch: `torch.nn.utils.clip_grad_norm_`.
 *
 * @throws OptimizerError unless maxNorm and normType are numbers above 0.
 */
export function clipGradNorm(parameters: ParameterList, maxNorm: number, { normType = 2 }: ClipGradNormOptions = {}): Tensor {
  if (!(maxNorm > 0)) throw new OptimizerError(`clipGradNorm: maxNorm must be above 0, got ${maxNorm}`)
  if (!(normType > 0)) throw new OptimizerError(`clipGradNorm: normType must be above 0, got ${normType}`)
  const variables = [...readParameters('clipGradNorm', parameters).values()]
  const norm = jointNorm(variables, normType) // []
  markKept(norm)
  const factor = minimum(reciprocal(norm.add(1e-6)).mul(maxNorm), 1)
  for (const variable of variables) {
    if (variable.grad) variable.grad = variable.grad.mul(factor.cast(variable.grad.dtype))
  }
  return norm
}

/** The p-norm of all gradients as one vector. */
function jointNorm(variables: readonly Variable[], p: number): Tensor {
  const gradients = variables.flatMap(({ grad }) => (grad && grad.size > 0 ? [grad] : []))
  const total = (parts: readonly Tensor[], join: (a: Tensor, b: Tensor) => Tensor): Tensor => parts.reduce(join, full([], 0))
  if (p === Infinity) {
    return total(
      gradients.map((g) => g.abs().max()),
      maximum,
    )
  }
  const powers = gradients.map((g) => (p === 2 ? g.mul(g) : p === 1 ? g.abs() : g.abs().pow(p)).sum())
  const sum = total(powers, (a, b) => a.add(b))
  return p === 2 ? sqrt(sum) : p === 1 ? sum : sum.pow(1 / p)
}
