import { OptimizerError } from './errors.ts'
import { checkOutside, groupsOf, isCount, type Rated, type Stateful } from './schedule.ts'

/** Options of `ReduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions {
  /** Whether a lower or a higher metric is better. Default 'min'. */
  readonly mode?: 'min' | 'max'
  /** Factor of each drop, below 1. Default 0.1. */
  readonly factor?: number
  /** How many steps in a row may bring nothing better before a drop. Default 10. */
  readonly patience?: number
  /** How much better than the best a metric must be to count. Default 1e-4. */
  readonly threshold?: number
  /** Whether `threshold` is a share of the best, or a distance from it. Default 'rel'. */
  readonly thresholdMode?: 'rel' | 'abs'
  /** Steps after a drop in which nothing is counted. Default 0. */
  readonly cooldown?: number
  /** The lowest rate. Default 0. */
  readonly minLr?: number
  /** A drop by no more than this is left out. Default 1e-8. */
  readonly eps?: number
}

/** Plain JSON; the rates are in the optimizer's own state. */
export interface ReduceLROnPlateauState {
  /** The best metric so far; null before the first. */
  readonly best: number | null
  readonly numBadEpochs: number
  readonly cooldownCounter: number
  readonly lastEpoch: number
}

/**
 * Lowers the learning rates when a metric, given to `step`, has stopped getting better: lr ← max(lr · factor, minLr) after more than `patience`
 * steps without anything better. NaN is never better. Each group falls from where it is. PyTorch: `torch.optim.lr_scheduler.ReduceLROnPlateau`.
 */
export class ReduceLROnPlateau implements Stateful<ReduceLROnPlateauState> {
  readonly optimizer: Rated
  readonly #options: Required<ReduceLROnPlateauOptions>
  #state: ReduceLROnPlateauState = { best: null, numBadEpochs: 0, cooldownCounter: 0, lastEpoch: 0 }

  constructor(optimizer: Rated, options: ReduceLROnPlateauOptions = {}) {
    const {
      mode = 'min',
      factor = 0.1,
      patience = 10,
      threshold = 1e-4,
      thresholdMode = 'rel',
      cooldown = 0,
      minLr = 0,
      eps = 1e-8,
    } = options
    const fail = (message: string): never => {
      throw new OptimizerError(`ReduceLROnPlateau: ${message}`)
    }
    if (mode !== 'min' && mode !== 'max') fail(`mode is 'min' or 'max', got '${String(mode)}'`)
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs') fail(`thresholdMode is 'rel' or 'abs', got '${String(thresholdMode)}'`)
    if (!(factor >= 0 && factor < 1)) fail(`factor must be a number with 0 ≤ factor < 1, got ${factor}`)
    for (const [name, value] of Object.entries({ patience, threshold, cooldown, minLr, eps })) {
      if (!(value >= 0)) fail(`${name} must be a number ≥ 0, got ${value}`)
    }
    this.optimizer = optimizer
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps }
  }

  /** How often `step` was called. */
  get lastEpoch(): number {
    return this.#state.lastEpoch
  }

  /** Tells it the metric of an epoch. @throws OptimizerError if that is no number, JitError inside a jitted function. */
  step(metric: number): void {
    checkOutside('ReduceLROnPlateau')
    if (typeof metric !== 'number') {
      throw new OptimizerError(`ReduceLROnPlateau: step takes the metric as a number, got ${typeof metric}; await loss.item() first`)
    }
    let { best, numBadEpochs, cooldownCounter } = this.#state
    if (this.#better(metric, best)) [best, numBadEpochs] = [metric, 0]
    else numBadEpochs += 1
    if (cooldownCounter > 0) [cooldownCounter, numBadEpochs] = [cooldownCounter - 1, 0]
    if (numBadEpochs > this.#options.patience) {
      this.#reduce()
      cooldownCounter = this.#options.cooldown
      numBadEpochs = 0
    }
    this.#state = { best, numBadEpochs, cooldownCounter, lastEpoch: this.#state.lastEpoch + 1 }
  }

  stateDict(): ReduceLROnPlateauState {
    return this.#state
  }

  /** Goes on where another left off. @throws OptimizerError if the state is none. */
  loadStateDict(state: ReduceLROnPlateauState): void {
    const { best, numBadEpochs, cooldownCounter, lastEpoch } = state
    if (!(best === null || typeof best === 'number') || ![numBadEpochs, cooldownCounter, lastEpoch].every(isCount)) {
      throw new OptimizerError(
        `ReduceLROnPlateau: a state has best, numBadEpochs, cooldownCounter and lastEpoch, got ${JSON.stringify(state)}`,
      )
    }
    this.#state = { best, numBadEpochs, cooldownCounter, lastEpoch }
  }

  #better(metric: number, best: number | null): boolean {
    const { mode, threshold, thresholdMode } = this.#options
    const sign = mode === 'min' ? -1 : 1
    if (best === null) return sign * metric > -Infinity
    return sign * metric > sign * (thresholdMode === 'rel' ? best * (1 + sign * threshold) : best + sign * threshold)
  }

  #reduce(): void {
    const { factor, minLr, eps } = this.#options
    for (const group of groupsOf(this.optimizer)) {
      const lr = Math.max(group.lr * factor, minLr)
      if (group.lr - lr > eps) group.lr = lr
    }
  }
}
