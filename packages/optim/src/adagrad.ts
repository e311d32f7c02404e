import { full, sqrt, type Tensor, Variable, zeros } from '@tenon/tensor'
import { penalised } from './decay.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `Adagrad`. */
export interface AdagradOptions extends Partial<OptimizerOptions> {
  /** Default 1e-2. */
  readonly lr?: number
  /** At step t the rate is lr / (1 + (t − 1) · lrDecay). Default 0. */
  readonly lrDecay?: number
  /** λ of an L2 penalty. Default 0. */
  readonly weightDecay?: number
  /** Where the sum of squares begins. Default 0. */
  readonly initialAccumulatorValue?: number
  /** Added to the root of the sum. Default 1e-10. */
  readonly eps?: number
}

type AdagradSlots = { readonly sum: Variable; readonly step?: Variable }

/**
 * Adagrad (Duchi et al. 2011):
 *
 *     g ← gradient + weightDecay · p
 *     s ← s + g²
 *     p ← p − lr / (1 + (t − 1) · lrDecay) · g / (√s + eps)
 *
 * PyTorch: `torch.optim.Adagrad`.
 */
export class Adagrad extends Optimizer<Required<AdagradOptions>, AdagradSlots> {
  constructor(parameters: OptimizerParameters<AdagradOptions>, options: AdagradOptions = {}) {
    super(parameters, { lr: 1e-2, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10, maximize: false }, options)
  }

  override checkOptions({ lrDecay, weightDecay, initialAccumulatorValue, eps }: Required<AdagradOptions>): void {
    checkNotNegative('Adagrad', 'lrDecay', lrDecay)
    checkNotNegative('Adagrad', 'weightDecay', weightDecay)
    checkNotNegative('Adagrad', 'initialAccumulatorValue', initialAccumulatorValue)
    checkNotNegative('Adagrad', 'eps', eps)
  }

  init({ shape, dtype }: Variable, { lrDecay, initialAccumulatorValue }: Required<AdagradOptions>): AdagradSlots {
    const sum = new Variable(full(shape, initialAccumulatorValue, { dtype }))
    return lrDecay === 0 ? { sum } : { sum, step: new Variable(zeros([], { dtype })) }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdagradSlots>,
    { lr, lrDecay, weightDecay, eps }: UpdateOptions<Required<AdagradOptions>>,
  ): Updated<AdagradSlots> {
    const g = penalised(gradient, parameter, weightDecay)
    const sum = state.sum.add(g.mul(g))
    const { step } = state
    const rate = step ? lr.div(step.mul(lrDecay).add(1)) : lr // []
    return { parameter: parameter.sub(g.mul(rate).div(sqrt(sum).add(eps))), sum, ...(step && { step: step.add(1) }) }
  }
}
