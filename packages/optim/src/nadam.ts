import { exp, ones, sqrt, type Tensor, Variable, zeros, zerosLike } from '@tenon/tensor'
import { correction, penalised, runningMean } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkBetas, checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `NAdam`. */
export interface NAdamOptions extends Partial<OptimizerOptions> {
  /** Default 2e-3. */
  readonly lr?: number
  /** Decay of the means of the gradient and of its square. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Added to the root of the second mean. Default 1e-8. */
  readonly eps?: number
  /** λ of an L2 penalty. Default 0. */
  readonly weightDecay?: number
  /** ψ: how fast the momentum warms up. Default 4e-3. */
  readonly momentumDecay?: number
}

type NAdamSlots = { readonly step: Variable; readonly muProduct: Variable; readonly expAvg: Variable; readonly expAvgSq: Variable }

/**
 * Adam with Nesterov momentum (Dozat 2016):
 *
 *     g  ← gradient + weightDecay · p
 *     μₜ = beta1 · (1 − ½ · 0.96^(t · momentumDecay))
 *     m  ← beta1 · m + (1 − beta1) · g
 *     v  ← beta2 · v + (1 − beta2) · g²
 *     p  ← p − lr · (μₜ₊₁ · m / (1 − μ₁…μₜ₊₁) + (1 − μₜ) · g / (1 − μ₁…μₜ)) / (√(v / (1 − beta2ᵗ)) + eps)
 *
 * PyTorch: `torch.optim.NAdam` (1.13 has one μₜ too many in its plain form; its `foreach=True` and later versions do as above).
 */
export class NAdam extends Optimizer<Required<NAdamOptions>, NAdamSlots> {
  constructor(parameters: OptimizerParameters<NAdamOptions>, options: NAdamOptions = {}) {
    super(parameters, { lr: 2e-3, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, momentumDecay: 4e-3, maximize: false }, options)
  }

  override checkOptions({ betas, eps, weightDecay, momentumDecay }: Required<NAdamOptions>): void {
    checkBetas('NAdam', betas)
    checkNotNegative('NAdam', 'eps', eps)
    checkNotNegative('NAdam', 'weightDecay', weightDecay)
    checkNotNegative('NAdam', 'momentumDecay', momentumDecay)
  }

  init(parameter: Variable): NAdamSlots {
    const { dtype } = parameter
    return {
      step: new Variable(zeros([], { dtype })),
      muProduct: new Variable(ones([], { dtype })),
      expAvg: new Variable(zerosLike(parameter)),
      expAvgSq: new Variable(zerosLike(parameter)),
    }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<NAdamSlots>,
    { lr, betas: [beta1, beta2], eps, weightDecay, momentumDecay }: UpdateOptions<Required<NAdamOptions>>,
  ): Updated<NAdamSlots> {
    const momentum = (t: Tensor): Tensor =>
      exp(t.mul(momentumDecay * Math.log(0.96)))
        .mul(-0.5 * beta1)
        .add(beta1)
    const g = penalised(gradient, parameter, weightDecay)
    const step = state.step.add(1)
    const [mu, nextMu] = [momentum(step), momentum(step.add(1))] // []
    const muProduct = state.muProduct.mul(mu)
    const expAvg = runningMean(state.expAvg, g, beta1)
    const expAvgSq = runningMean(state.expAvgSq, g.mul(g), beta2)
    const along = g.mul(rest(mu).div(rest(muProduct)))
    const ahead = expAvg.mul(nextMu.div(rest(muProduct.mul(nextMu))))
    const denominator = sqrt(expAvgSq.div(correction(beta2, step))).add(eps)
    return { parameter: parameter.sub(along.add(ahead).mul(lr).div(denominator)), step, muProduct, expAvg, expAvgSq }
  }
}

/** 1 − x: what is left of one. */
const rest = (x: Tensor): Tensor => x.neg().add(1)
