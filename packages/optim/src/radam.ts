import { maximum, sqrt, type Tensor, Variable, where, zeros, zerosLike } from '@tenon/tensor'
import { correction, penalised, runningMean } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkBetas, checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `RAdam`. */
export interface RAdamOptions extends Partial<OptimizerOptions> {
  /** Default 1e-3. */
  readonly lr?: number
  /** Decay of the means of the gradient and of its square. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Added to the root of the second mean. Default 1e-8. */
  readonly eps?: number
  /** λ of an L2 penalty. Default 0. */
  readonly weightDecay?: number
}

/** `weight` is Σ beta2ᵏ and `age` is Σ k · beta2ᵏ, over the k < t steps before each gradient: how old those in the second mean are. */
type RAdamSlots = {
  readonly step: Variable
  readonly weight: Variable
  readonly age: Variable
  readonly expAvg: Variable
  readonly expAvgSq: Variable
}

/**
 * Rectified Adam (Liu et al. 2020): Adam, whose steps are smaller while few gradients are in the second mean, and momentum alone while there are
 * hardly any:
 *
 *     g ← gradient + weightDecay · p
 *     m ← beta1 · m + (1 − beta1) · g
 *     v ← beta2 · v + (1 − beta2) · g²
 *     ρ∞ = 2 / (1 − beta2) − 1,   ρ = ρ∞ − 2 t beta2ᵗ / (1 − beta2ᵗ)
 *     r = √((ρ − 4) (ρ − 2) ρ∞ / ((ρ∞ − 4) (ρ∞ − 2) ρ)) · √(1 − beta2ᵗ) / (√v + eps)  if ρ > 5, 1 otherwise
 *     p ← p − lr · r · m / (1 − beta1ᵗ)
 *
 * ρ is 1 + twice the mean age of a gradient in v, and is computed as such: the difference above has few digits left in float32.
 * PyTorch: `torch.optim.RAdam`.
 */
export class RAdam extends Optimizer<Required<RAdamOptions>, RAdamSlots> {
  constructor(parameters: OptimizerParameters<RAdamOptions>, options: RAdamOptions = {}) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false }, options)
  }

  override checkOptions({ betas, eps, weightDecay }: Required<RAdamOptions>): void {
    checkBetas('RAdam', betas)
    checkNotNegative('RAdam', 'eps', eps)
    checkNotNegative('RAdam', 'weightDecay', weightDecay)
  }

  init(parameter: Variable): RAdamSlots {
    const { dtype } = parameter
    return {
      step: new Variable(zeros([], { dtype })),
      weight: new Variable(zeros([], { dtype })),
      age: new Variable(zeros([], { dtype })),
      expAvg: new Variable(zerosLike(parameter)),
      expAvgSq: new Variable(zerosLike(parameter)),
    }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<RAdamSlots>,
    { lr, betas: [beta1, beta2], eps, weightDecay }: UpdateOptions<Required<RAdamOptions>>,
  ): Updated<RAdamSlots> {
    const g = penalised(gradient, parameter, weightDecay)
    const step = state.step.add(1)
    const expAvg = runningMean(state.expAvg, g, beta1)
    const expAvgSq = runningMean(state.expAvgSq, g.mul(g), beta2)

    const age = state.age.add(state.weight).mul(beta2) // []
    const weight = state.weight.mul(beta2).add(1) // []
    const most = 2 / (1 - beta2) - 1
    const length = age.div(weight).mul(2).add(1) // []
    // Kept above 4, so that no root is NaN where it is not used.
    const safe = maximum(length, 4)
    const rectified = sqrt(
      safe
        .sub(4)
        .mul(safe.sub(2))
        .div(safe)
        .mul(most / ((most - 4) * (most - 2))),
    ) // []
    const scale = rectified.mul(sqrt(correction(beta2, step))) // []

    const mean = expAvg.mul(lr.div(correction(beta1, step)))
    const moved = where(length.gt(5), mean.mul(scale).div(sqrt(expAvgSq).add(eps)), mean)
    return { parameter: parameter.sub(moved), step, weight, age, expAvg, expAvgSq }
  }
}
