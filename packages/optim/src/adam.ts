import { maximum, rsqrt, sqrt, type Tensor, Variable, zeros, zerosLike } from '@tenon/tensor'
import { correction, penalised, runningMean, shrunk } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkBetas, checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `Adam` and `AdamW`. */
export interface AdamOptions extends Partial<OptimizerOptions> {
  /** Default 1e-3. */
  readonly lr?: number
  /** Decay of the means of the gradient and of its square. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Added to the root of the second mean. Default 1e-8. */
  readonly eps?: number
  /** λ of an L2 penalty in Adam, default 0; the share, times lr, by which a step shrinks the parameter in AdamW, default 0.01. */
  readonly weightDecay?: number
  /** Divide by the greatest second mean so far (Reddi et al. 2018). Default false. */
  readonly amsgrad?: boolean
}

type AdamSlots = { readonly step: Variable; readonly expAvg: Variable; readonly expAvgSq: Variable; readonly maxExpAvgSq?: Variable }

/** What Adam and AdamW share. */
abstract class AdamBase extends Optimizer<Required<AdamOptions>, AdamSlots> {
  override checkOptions({ betas, eps, weightDecay }: Required<AdamOptions>): void {
    const who = this.constructor.name
    checkBetas(who, betas)
    checkNotNegative(who, 'eps', eps)
    checkNotNegative(who, 'weightDecay', weightDecay)
  }

  init(parameter: Variable, { amsgrad }: Required<AdamOptions>): AdamSlots {
    return {
      step: new Variable(zeros([], { dtype: parameter.dtype })),
      expAvg: new Variable(zerosLike(parameter)),
      expAvgSq: new Variable(zerosLike(parameter)),
      ...(amsgrad && { maxExpAvgSq: new Variable(zerosLike(parameter)) }),
    }
  }
}

/** One step of Adam along `gradient`, from wherever `parameter` is. */
function adamStep(
  parameter: Tensor,
  gradient: Tensor,
  state: SlotValues<AdamSlots>,
  { lr, betas: [beta1, beta2], eps }: UpdateOptions<Required<AdamOptions>>,
): Updated<AdamSlots> {
  const step = state.step.add(1)
  const expAvg = runningMean(state.expAvg, gradient, beta1)
  const expAvgSq = runningMean(state.expAvgSq, gradient.mul(gradient), beta2)
  const maxExpAvgSq = state.maxExpAvgSq && maximum(state.maxExpAvgSq, expAvgSq)
  const stepSize = lr.div(correction(beta1, step)) // []
  const scale = rsqrt(correction(beta2, step)) // []
  const denominator = sqrt(maxExpAvgSq ?? expAvgSq)
    .mul(scale)
    .add(eps)
  return {
    parameter: parameter.sub(expAvg.mul(stepSize).div(denominator)),
    step,
    expAvg,
    expAvgSq,
    ...(maxExpAvgSq && { maxExpAvgSq }),
  }
}

/**
 * Adam (Kingma & Ba 2015):
 *
 *     g ← gradient + weightDecay · p
 *     m ← beta1 · m + (1 − beta1) · g
 *     v ← beta2 · v + (1 − beta2) · g²
 *     p ← p − lr / (1 − beta1ᵗ) · m / (√v / √(1 − beta2ᵗ) + eps)      (the greatest v so far with amsgrad)
 *
 * PyTorch: `torch.optim.Adam`.
 */
export class Adam extends AdamBase {
  constructor(parameters: OptimizerParameters<AdamOptions>, options: AdamOptions = {}) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, amsgrad: false, maximize: false }, options)
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdamSlots>,
    options: UpdateOptions<Required<AdamOptions>>,
  ): Updated<AdamSlots> {
    return adamStep(parameter, penalised(gradient, parameter, options.weightDecay), state, options)
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): p ← p · (1 − lr · weightDecay), then Adam's step, whose gradient
 * knows nothing of the decay. PyTorch: `torch.optim.AdamW`.
 */
export class AdamW extends AdamBase {
  constructor(parameters: OptimizerParameters<AdamOptions>, options: AdamOptions = {}) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01, amsgrad: false, maximize: false }, options)
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdamSlots>,
    options: UpdateOptions<Required<AdamOptions>>,
  ): Updated<AdamSlots> {
    return adamStep(shrunk(parameter, options.lr, options.weightDecay), gradient, state, options)
  }
}
