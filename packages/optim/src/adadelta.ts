import { sqrt, type Tensor, Variable, zerosLike } from '@tenon/tensor'
import { penalised, runningMean } from './decay.ts'
import { OptimizerError } from './errors.ts'
import { Optimizer, type SlotValues, type Updated } from './optimizer.ts'
import { checkNotNegative } from './options.ts'
import type { OptimizerOptions, UpdateOptions } from './param-group.ts'
import type { OptimizerParameters } from './parameters.ts'

/** Options of `Adadelta`. */
export interface AdadeltaOptions extends Partial<OptimizerOptions> {
  /** Factor of each step. Default 1. */
  readonly lr?: number
  /** Decay of both means. Default 0.9. */
  readonly rho?: number
  /** Added to both means before their root is taken. Default 1e-6. */
  readonly eps?: number
  /** λ of an L2 penalty. Default 0. */
  readonly weightDecay?: number
}

type AdadeltaSlots = { readonly squareAvg: Variable; readonly accDelta: Variable }

/**
 * Adadelta (Zeiler 2012):
 *
 *     g ← gradient + weightDecay · p
 *     v ← rho · v + (1 − rho) · g²
 *     δ = √(u + eps) / √(v + eps) · g
 *     u ← rho · u + (1 − rho) · δ²
 *     p ← p − lr · δ
 *
 * PyTorch: `torch.optim.Adadelta`.
 */
export class Adadelta extends Optimizer<Required<AdadeltaOptions>, AdadeltaSlots> {
  constructor(parameters: OptimizerParameters<AdadeltaOptions>, options: AdadeltaOptions = {}) {
    super(parameters, { lr: 1, rho: 0.9, eps: 1e-6, weightDecay: 0, maximize: false }, options)
  }

  override checkOptions({ rho, eps, weightDecay }: Required<AdadeltaOptions>): void {
    if (!(rho >= 0 && rho <= 1)) throw new OptimizerError(`Adadelta: rho must be a number with 0 ≤ rho ≤ 1, got ${rho}`)
    checkNotNegative('Adadelta', 'eps', eps)
    checkNotNegative('Adadelta', 'weightDecay', weightDecay)
  }

  init(parameter: Variable): AdadeltaSlots {
    return { squareAvg: new Variable(zerosLike(parameter)), accDelta: new Variable(zerosLike(parameter)) }
  }

  update(
    parameter: Tensor,
    gradient: Tensor,
    state: SlotValues<AdadeltaSlots>,
    { lr, rho, eps, weightDecay }: UpdateOptions<Required<AdadeltaOptions>>,
  ): Updated<AdadeltaSlots> {
    const g = penalised(gradient, parameter, weightDecay)
    const squareAvg = runningMean(state.squareAvg, g.mul(g), rho)
    const delta = sqrt(state.accDelta.add(eps))
      .div(sqrt(squareAvg.add(eps)))
      .mul(g)
    const accDelta = runningMean(state.accDelta, delta.mul(delta), rho)
    return { parameter: parameter.sub(delta.mul(lr)), squareAvg, accDelta }
  }
}
