import { OptimizerError } from './errors.ts'

/** What a schedule keeps in a checkpoint: plain JSON. */
export interface ScheduleState {
  readonly baseLr: number
  readonly lastEpoch: number
}

/**
 * Sets an optimizer's learning rate after each step or epoch, whichever `step` is called after, from how many there were and
 * the rate at the beginning:
 *
 * ```ts
 * const warmup = new Schedule(optimizer, (epoch, baseLr) => baseLr * Math.min(1, (epoch + 1) / 100))
 * ```
 *
 * Call `step` after `optimizer.step()`, and outside of a jitted function. PyTorch: `torch.optim.lr_scheduler.LRScheduler`.
 */
export class Schedule {
  readonly optimizer: { lr: number }
  readonly rate: (epoch: number, baseLr: number) => number
  #baseLr: number
  #lastEpoch = 0

  constructor(optimizer: { lr: number }, rate: (epoch: number, baseLr: number) => number) {
    this.optimizer = optimizer
    this.rate = rate
    this.#baseLr = optimizer.lr
    this.#apply()
  }

  /** The optimizer's rate when the schedule began. */
  get baseLr(): number {
    return this.#baseLr
  }

  /** How often `step` was called. */
  get lastEpoch(): number {
    return this.#lastEpoch
  }

  step(): void {
    this.#lastEpoch += 1
    this.#apply()
  }

  stateDict(): ScheduleState {
    return { baseLr: this.#baseLr, lastEpoch: this.#lastEpoch }
  }

  /** Goes on where another left off. @throws OptimizerError if the state is none. */
  loadStateDict({ baseLr, lastEpoch }: ScheduleState): void {
    if (!Number.isFinite(baseLr) || !Number.isInteger(lastEpoch) || lastEpoch < 0) {
      throw new OptimizerError(
        `${this.constructor.name}: a state has a baseLr and a lastEpoch, got ${JSON.stringify({ baseLr, lastEpoch })}`,
      )
    }
    this.#baseLr = baseLr
    this.#lastEpoch = lastEpoch
    this.#apply()
  }

  #apply(): void {
    const lr = this.rate(this.#lastEpoch, this.#baseLr)
    if (lr !== this.optimizer.lr) this.optimizer.lr = lr
  }
}

export interface StepLROptions {
  /** Factor of each drop. Default 0.1. */
  readonly gamma?: number
}

/** lr = baseLr · gamma^⌊epoch / stepSize⌋. PyTorch: `torch.optim.lr_scheduler.StepLR`. */
export class StepLR extends Schedule {
  constructor(optimizer: { lr: number }, stepSize: number, { gamma = 0.1 }: StepLROptions = {}) {
    if (!(stepSize > 0)) throw new OptimizerError(`StepLR: stepSize must be above 0, got ${stepSize}`)
    super(optimizer, (epoch, baseLr) => baseLr * gamma ** Math.floor(epoch / stepSize))
  }
}

export interface CosineAnnealingLROptions {
  /** The lowest rate. Default 0. */
  readonly etaMin?: number
}

/**
 * lr = etaMin + ½ (baseLr − etaMin) (1 + cos(π · epoch / tMax)): down to etaMin in `tMax` steps, then up again.
 * PyTorch: `torch.optim.lr_scheduler.CosineAnnealingLR`; Loshchilov & Hutter 2017, without restarts.
 */
export class CosineAnnealingLR extends Schedule {
  constructor(optimizer: { lr: number }, tMax: number, { etaMin = 0 }: CosineAnnealingLROptions = {}) {
    if (!(tMax > 0)) throw new OptimizerError(`CosineAnnealingLR: tMax must be above 0, got ${tMax}`)
    super(optimizer, (epoch, baseLr) => etaMin + 0.5 * (baseLr - etaMin) * (1 + Math.cos((Math.PI * epoch) / tMax)))
  }
}
