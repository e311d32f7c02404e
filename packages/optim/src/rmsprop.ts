import { maximum, sqrt, type Tensor, Variable, zerosLike } from '@tenon/tensor'
import { penalised, runningMean } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `RMSprop`. */
export interface RMSpropOptions extends Partial<OptimizerOptions> {
  /** Default 1e-2. */
  readonly lr?: number
  /** Decay of the mean of the squared gradient. Default 0.99. */
  readonly alpha?: number
  /** Added to the root of the mean. Default 1e-8. */
  readonly eps?: number
  /** λ of an L2 penalty. Default 0. */
  readonly weightDecay?: number
  /** Share of the last step's direction that is kept. Default 0. */
  readonly momentum?: number
  /** Divide by the deviation of the gradient from its own mean. Default false. */
  readonly centered?: boolean
}

type RMSpropSlots = { readonly squareAvg: Variable; readonly gradAvg?: Variable; readonly momentumBuffer?: Variable }

/**
 * RMSprop (Hinton 2012, lecture 6e):
 *
 *     g ← gradient + weightDecay · p
 *     v ← alpha · v + (1 − alpha) · g²
 *     m ← alpha · m + (1 − alpha) · g         (centered; m is 0 otherwise)
 *     b ← momentum · b + g / (√(v − m²) + eps)
 *     p ← p − lr · b
 *
 * PyTorch: `torch.optim.RMSprop`; the centered form is that of Graves 2013.
 */
export class RMSprop extends Optimizer<Required<RMSpropOptions>, RMSpropSlots> {
  constructor(parameters: OptimizerParameters<RMSpropOptions>, options: RMSpropOptions = {}) {
    super(parameters, { lr: 1e-2, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0, centered: false, maximize: false }, options)
  }

  override checkOptions({ alpha, eps, weightDecay, momentum }: Required<RMSpropOptions>): void {
    checkNotNegative('RMSprop', 'alpha', alpha)
    checkNotNegative('RMSprop', 'eps', eps)
    checkNotNegative('RMSprop', 'weightDecay', weightDecay)
    checkNotNegative('RMSprop', 'momentum', momentum)
  }

  init(parameter: Variable, { momentum, centered }: Required<RMSpropOptions>): RMSpropSlots {
    return {
      squareAvg: new Variable(zerosLike(parameter)),
      ...(centered && { gradAvg: new Variable(zerosLike(parameter)) }),
      ...(momentum > 0 && { momentumBuffer: new Variable(zerosLike(parameter)) }),
    }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<RMSpropSlots>,
    { lr, alpha, eps, weightDecay, momentum }: UpdateOptions<Required<RMSpropOptions>>,
  ): Updated<RMSpropSlots> {
    const g = penalised(gradient, parameter, weightDecay)
    const squareAvg = runningMean(state.squareAvg, g.mul(g), alpha)
    const gradAvg = state.gradAvg && runningMean(state.gradAvg, g, alpha)
    // A gradient that stays the same has variance 0, which rounding may take below, and the root of that is NaN.
    const variance = gradAvg ? maximum(squareAvg.sub(gradAvg.mul(gradAvg)), 0) : squareAvg
    const scaled = g.div(sqrt(variance).add(eps))
    const momentumBuffer = state.momentumBuffer?.mul(momentum).add(scaled)
    return {
      parameter: parameter.sub((momentumBuffer ?? scaled).mul(lr)),
      squareAvg,
      ...(gradAvg && { gradAvg }),
      ...(momentumBuffer && { momentumBuffer }),
    }
  }
}
