import { isCapturing, JitError } from '@tenon/tensor'
import { OptimizerError } from './errors.ts'

/** Something with a learning rate, or with groups that have one each. */
export interface Rated {
  lr: number
  readonly paramGroups?: readonly { lr: number }[]
}

/** What a checkpoint needs of a schedule: its state is plain JSON. */
export interface Stateful<State extends object> {
  stateDict(): State
  loadStateDict(state: State): void
}

/** What a schedule keeps in a checkpoint: plain JSON. */
export interface ScheduleState {
  /** The rate of each group when the schedule began. */
  readonly baseLrs: readonly number[]
  readonly lastEpoch: number
}

export const groupsOf = (optimizer: Rated): readonly { lr: number }[] => optimizer.paramGroups ?? [optimizer]

/**
 * The rates that a schedule set last, with those that were there before any did: schedules for one optimizer, made one after the other, begin at
 * the same rate. PyTorch: `initial_lr` of a group.
 */
const scheduled = new WeakMap<object, { readonly base: number; set: number }>()

/** The rate of a group before any schedule changed it. */
const baseOf = (group: { lr: number }): number => {
  const last = scheduled.get(group)
  return last && last.set === group.lr ? last.base : group.lr
}

/**
 * Sets an optimizer's learning rates after each step or epoch, whichever `step` is called after, from how many there were and
 * the rate at the beginning:
 *
 * ```ts
 * const warmup = new Schedule(optimizer, (epoch, baseLr) => baseLr * Math.min(1, (epoch + 1) / 100))
 * ```
 *
 * It is a function of the epoch, not of the rate before, so one schedule drives an optimizer at a time; `SequentialLR` puts several in a row.
 * Each group of parameters has its own base rate. Call `step` after `optimizer.step()`, and outside of a jitted function.
 * PyTorch: `torch.optim.lr_scheduler.LRScheduler`.
 */
export class Schedule implements Stateful<ScheduleState> {
  readonly optimizer: Rated
  readonly rate: (epoch: number, baseLr: number) => number
  #baseLrs: readonly number[]
  #lastEpoch = 0

  constructor(optimizer: Rated, rate: (epoch: number, baseLr: number) => number) {
    this.optimizer = optimizer
    this.rate = rate
    this.#baseLrs = groupsOf(optimizer).map(baseOf)
    this.#apply()
  }

  /** The rate of each group before any schedule changed it. */
  get baseLrs(): readonly number[] {
    return this.#baseLrs
  }

  /** How often `step` was called. */
  get lastEpoch(): number {
    return this.#lastEpoch
  }

  /** @throws JitError inside a jitted function, which would step once and never again. */
  step(): void {
    checkOutside(this.constructor.name)
    this.#lastEpoch += 1
    this.#apply()
  }

  stateDict(): ScheduleState {
    return { baseLrs: this.#baseLrs, lastEpoch: this.#lastEpoch }
  }

  /** Goes on where another left off. @throws OptimizerError if the state is none, or one of other groups. */
  loadStateDict({ baseLrs, lastEpoch }: ScheduleState): void {
    const count = this.#baseLrs.length
    if (!Array.isArray(baseLrs) || baseLrs.length !== count || !baseLrs.every(Number.isFinite) || !isCount(lastEpoch)) {
      const got = JSON.stringify({ baseLrs, lastEpoch })
      throw new OptimizerError(`${this.constructor.name}: a state has ${count} baseLrs, one a group, and a lastEpoch, got ${got}`)
    }
    this.#baseLrs = [...baseLrs]
    this.#lastEpoch = lastEpoch
    this.#apply()
  }

  #apply(): void {
    groupsOf(this.optimizer).forEach((group, i) => {
      const base = this.#baseLrs[i]!
      const lr = this.rate(this.#lastEpoch, base)
      if (lr !== group.lr) group.lr = lr
      scheduled.set(group, { base, set: lr })
    })
  }
}

export const isCount = (x: unknown): boolean => Number.isSafeInteger(x) && (x as number) >= 0

export function checkOutside(who: string): void {
  if (isCapturing()) {
    throw new JitError(
      `${who}: step() was called inside of a jitted function, which runs once and is replayed from then on; call it between calls`,
    )
  }
}
