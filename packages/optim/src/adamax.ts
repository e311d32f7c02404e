import { maximum, type Tensor, Variable, zeros, zerosLike } from '@tenon/tensor'
import { correction, penalised, runningMean } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkBetas, checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `Adamax`. */
export interface AdamaxOptions extends Partial<OptimizerOptions> {
  /** Default 2e-3. */
  readonly lr?: number
  /** Decay of the mean of the gradient, and of its greatest size. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Added to the size of the gradient. Default 1e-8. */
  readonly eps?: number
  /** λ of an L2 penalty. Default 0. */
  readonly weightDecay?: number
}

type AdamaxSlots = { readonly step: Variable; readonly expAvg: Variable; readonly expInf: Variable }

/**
 * Adamax (Kingma & Ba 2015, section 7): Adam with the greatest gradient, decaying, where Adam has the root of the mean square:
 *
 *     g ← gradient + weightDecay · p
 *     m ← beta1 · m + (1 − beta1) · g
 *     u ← max(beta2 · u, |g| + eps)
 *     p ← p − lr / (1 − beta1ᵗ) · m / u
 *
 * PyTorch: `torch.optim.Adamax`.
 */
export class Adamax extends Optimizer<Required<AdamaxOptions>, AdamaxSlots> {
  constructor(parameters: OptimizerParameters<AdamaxOptions>, options: AdamaxOptions = {}) {
    super(parameters, { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, maximize: false }, options)
  }

  override checkOptions({ betas, eps, weightDecay }: Required<AdamaxOptions>): void {
    checkBetas('Adamax', betas)
    checkNotNegative('Adamax', 'eps', eps)
    checkNotNegative('Adamax', 'weightDecay', weightDecay)
  }

  init(parameter: Variable): AdamaxSlots {
    return {
      step: new Variable(zeros([], { dtype: parameter.dtype })),
      expAvg: new Variable(zerosLike(parameter)),
      expInf: new Variable(zerosLike(parameter)),
    }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdamaxSlots>,
    { lr, betas: [beta1, beta2], eps, weightDecay }: UpdateOptions<Required<AdamaxOptions>>,
  ): Updated<AdamaxSlots> {
    const g = penalised(gradient, parameter, weightDecay)
    const step = state.step.add(1)
    const expAvg = runningMean(state.expAvg, g, beta1)
    const expInf = maximum(state.expInf.mul(beta2), g.abs().add(eps))
    const stepSize = lr.div(correction(beta1, step)) // []
    return { parameter: parameter.sub(expAvg.mul(stepSize).div(expInf)), step, expAvg, expInf }
  }
}
