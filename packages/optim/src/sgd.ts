import { type Tensor, Variable, where, zeros, zerosLike } from '@tenon/tensor'
import { penalised } from './decay.ts'
import { OptimizerError } from './errors.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `SGD`. */
export interface SGDOptions extends Partial<OptimizerOptions> {
  /** Default 1e-3. */
  readonly lr?: number
  /** Share of the last step's direction that is kept. Default 0. */
  readonly momentum?: number
  /** Share of the gradient that does not enter the momentum. Default 0. */
  readonly dampening?: number
  /** λ of an L2 penalty: λ · parameter is added to the gradient. Default 0. */
  readonly weightDecay?: number
  /** Look ahead along the momentum. Default false. */
  readonly nesterov?: boolean
}

type SGDSlots = { readonly momentumBuffer?: Variable; readonly step?: Variable }

/**
 * Stochastic gradient descent:
 *
 *     g ← gradient + weightDecay · p
 *     b ← momentum · b + (1 − dampening) · g      (b ← g at the first step)
 *     p ← p − lr · b                              (p − lr · (g + momentum · b) with nesterov)
 *
 * PyTorch: `torch.optim.SGD`; Nesterov momentum as in Sutskever et al. 2013.
 */
export class SGD extends Optimizer<Required<SGDOptions>, SGDSlots> {
  constructor(parameters: OptimizerParameters<SGDOptions>, options: SGDOptions = {}) {
    super(parameters, { lr: 1e-3, momentum: 0, dampening: 0, weightDecay: 0, nesterov: false, maximize: false }, options)
  }

  override checkOptions({ momentum, dampening, weightDecay, nesterov }: Required<SGDOptions>): void {
    checkNotNegative('SGD', 'momentum', momentum)
    checkNotNegative('SGD', 'weightDecay', weightDecay)
    if (!Number.isFinite(dampening)) throw new OptimizerError(`SGD: dampening must be a number, got ${dampening}`)
    if (nesterov && (momentum === 0 || dampening !== 0)) {
      throw new OptimizerError(`SGD: nesterov needs a momentum above 0 and no dampening, got momentum ${momentum}, dampening ${dampening}`)
    }
  }

  init(parameter: Variable, { momentum, dampening }: Required<SGDOptions>): SGDSlots {
    if (momentum === 0) return {}
    const momentumBuffer = new Variable(zerosLike(parameter))
    // Without dampening, momentum · 0 + g is what the first step wants anyway.
    return dampening === 0 ? { momentumBuffer } : { momentumBuffer, step: new Variable(zeros([], { dtype: 'float32' })) }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    { momentumBuffer, step }: SlotValues<SGDSlots>,
    { lr, momentum, dampening, weightDecay, nesterov }: UpdateOptions<Required<SGDOptions>>,
  ): Updated<SGDSlots> {
    const g = penalised(gradient, parameter, weightDecay)
    if (!momentumBuffer) return { parameter: parameter.sub(g.mul(lr)) }
    const damped = step ? where(step.eq(0), g, g.mul(1 - dampening)) : g
    const buffer = momentumBuffer.mul(momentum).add(damped)
    const direction = nesterov ? g.add(buffer.mul(momentum)) : buffer
    return { parameter: parameter.sub(direction.mul(lr)), momentumBuffer: buffer, ...(step && { step: step.add(1) }) }
  }
}
