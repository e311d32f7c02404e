import { sign, type Tensor, Variable, zerosLike } from '@tenon/tensor'
import { runningMean, shrunk } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkBetas, checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `Lion`. */
export interface LionOptions extends Partial<OptimizerOptions> {
  /** Default 1e-4: every element moves by it at each step, so it is some ten times smaller than Adam's. */
  readonly lr?: number
  /** Share of the mean in the direction of a step, and decay of the mean. Default [0.9, 0.99]. */
  readonly betas?: readonly [number, number]
  /** The share, times lr, by which a step shrinks the parameter. Default 0. */
  readonly weightDecay?: number
}

type LionSlots = { readonly expAvg: Variable }

/**
 * Lion, evolved sign momentum (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2):
 *
 *     p ← p · (1 − lr · weightDecay)
 *     p ← p − lr · sign(beta1 · m + (1 − beta1) · g)
 *     m ← beta2 · m + (1 − beta2) · g
 */
export class Lion extends Optimizer<Required<LionOptions>, LionSlots> {
  constructor(parameters: OptimizerParameters<LionOptions>, options: LionOptions = {}) {
    super(parameters, { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false }, options)
  }

  override checkOptions({ betas, weightDecay }: Required<LionOptions>): void {
    checkBetas('Lion', betas)
    checkNotNegative('Lion', 'weightDecay', weightDecay)
  }

  init(parameter: Variable): LionSlots {
    return { expAvg: new Variable(zerosLike(parameter)) }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    { expAvg }: SlotValues<LionSlots>,
    { lr, betas: [beta1, beta2], weightDecay }: UpdateOptions<Required<LionOptions>>,
  ): Updated<LionSlots> {
    const direction = sign(runningMean(expAvg, gradient, beta1))
    return { parameter: shrunk(parameter, lr, weightDecay).sub(direction.mul(lr)), expAvg: runningMean(expAvg, gradient, beta2) }
  }
}
