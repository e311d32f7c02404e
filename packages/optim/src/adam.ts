import { expm1, rsqrt, sqrt, type Tensor, Variable, zeros, zerosLike } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'
import { Optimizer, type OptimizerOptions, type SlotValues, type UpdateOptions } from './optimizer.ts'
import { checkNotNegative } from './options.ts'
import type { ParameterList } from './parameters.ts'

export interface AdamOptions extends Partial<OptimizerOptions> {
  /** Default 1e-3. */
  readonly lr?: number
  /** Decay of the means of the gradient and of its square. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Added to the root of the second mean. Default 1e-8. */
  readonly eps?: number
  /** λ of an L2 penalty in Adam, default 0; the share, times lr, by which a step shrinks the parameter in AdamW, default 0.01. */
  readonly weightDecay?: number
}

type AdamSlots = { readonly step: Variable; readonly expAvg: Variable; readonly expAvgSq: Variable }

/** What Adam and AdamW share. */
abstract class AdamBase extends Optimizer<Required<AdamOptions>, AdamSlots> {
  override checkOptions({ betas, eps, weightDecay }: Required<AdamOptions>): void {
    const who = this.constructor.name
    if (!Array.isArray(betas) || betas.length !== 2 || betas.some((beta) => !(beta >= 0 && beta < 1))) {
      throw new OptimizerError(`${who}: betas are two numbers with 0 ≤ beta < 1, got ${JSON.stringify(betas)}`)
    }
    checkNotNegative(who, 'eps', eps)
    checkNotNegative(who, 'weightDecay', weightDecay)
  }

  init(parameter: Variable): AdamSlots {
    return {
      step: new Variable(zeros([], { dtype: parameter.dtype })),
      expAvg: new Variable(zerosLike(parameter)),
      expAvgSq: new Variable(zerosLike(parameter)),
    }
  }
}

/** One step of Adam along `gradient`, from wherever `parameter` is. */
function adamStep(
  parameter: Tensor,
  gradient: Tensor,
  state: SlotValues<AdamSlots>,
  { lr, betas: [beta1, beta2], eps }: UpdateOptions<Required<AdamOptions>>,
): { readonly parameter: Tensor } & SlotValues<AdamSlots> {
  const step = state.step.add(1)
  const expAvg = state.expAvg.mul(beta1).add(gradient.mul(1 - beta1))
  const expAvgSq = state.expAvgSq.mul(beta2).add(gradient.mul(gradient).mul(1 - beta2))
  const stepSize = lr.div(correction(beta1, step)) // []
  const scale = rsqrt(correction(beta2, step)) // []
  const denominator = sqrt(expAvgSq).mul(scale).add(eps)
  return { parameter: parameter.sub(expAvg.mul(stepSize).div(denominator)), step, expAvg, expAvgSq }
}

/**
 * 1 − betaᵗ: the weight that the gradients have in a mean that began at 0. As −expm1(t · log beta), since in float32 0.999ᵗ has lost five of
 * its digits when it is taken from 1.
 */
const correction = (beta: number, step: Tensor): Tensor => expm1(step.mul(Math.log(beta))).neg()

/**
 * Adam (Kingma & Ba 2015):
 *
 *     g ← gradient + weightDecay · p
 *     m ← beta1 · m + (1 − beta1) · g
 *     v ← beta2 · v + (1 − beta2) · g²
 *     p ← p − lr / (1 − beta1ᵗ) · m / (√v / √(1 − beta2ᵗ) + eps)
 *
 * PyTorch: `torch.optim.Adam`.
 */
export class Adam extends AdamBase {
  constructor(parameters: ParameterList, options: AdamOptions = {}) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0 }, options)
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdamSlots>,
    options: UpdateOptions<Required<AdamOptions>>,
  ): { readonly parameter: Tensor } & SlotValues<AdamSlots> {
    const { weightDecay } = options
    return adamStep(parameter, weightDecay === 0 ? gradient : gradient.add(parameter.mul(weightDecay)), state, options)
  }
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019): p ← p · (1 − lr · weightDecay), then Adam's step, whose gradient
 * knows nothing of the decay. PyTorch: `torch.optim.AdamW`.
 */
export class AdamW extends AdamBase {
  constructor(parameters: ParameterList, options: AdamOptions = {}) {
    super(parameters, { lr: 1e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0.01 }, options)
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdamSlots>,
    options: UpdateOptions<Required<AdamOptions>>,
  ): { readonly parameter: Tensor } & SlotValues<AdamSlots> {
    const { lr, weightDecay } = options
    const shrunk = weightDecay === 0 ? parameter : parameter.mul(lr.mul(-weightDecay).add(1))
    return adamStep(shrunk, gradient, state, options)
  }
}
