/** The schedules that are functions of the epoch. */
import { OptimizerError } from './errors.ts'
import { type Rated, Schedule } from './schedule.ts'

const { cos, floor, min, PI } = Math

const check = (holds: boolean, message: string): void => {
  if (!holds) throw new OptimizerError(message)
}

/** lr = baseLr · factor(epoch). PyTorch: `torch.optim.lr_scheduler.LambdaLR`. */
export class LambdaLR extends Schedule {
  constructor(optimizer: Rated, factor: (epoch: number) => number) {
    super(optimizer, (epoch, baseLr) => baseLr * factor(epoch))
  }
}

/** Options of `StepLR`. */
export interface StepLROptions {
  /** Factor of each drop. Default 0.1. */
  readonly gamma?: number
}

/** lr = baseLr · gamma^⌊epoch / stepSize⌋. PyTorch: `torch.optim.lr_scheduler.StepLR`. */
export class StepLR extends Schedule {
  constructor(optimizer: Rated, stepSize: number, { gamma = 0.1 }: StepLROptions = {}) {
    check(stepSize > 0, `StepLR: stepSize must be above 0, got ${stepSize}`)
    super(optimizer, (epoch, baseLr) => baseLr * gamma ** floor(epoch / stepSize))
  }
}

/**
 * lr = baseLr · gamma^(how many milestones were reached); one that is listed twice counts twice.
 * PyTorch: `torch.optim.lr_scheduler.MultiStepLR`.
 */
export class MultiStepLR extends Schedule {
  constructor(optimizer: Rated, milestones: readonly number[], { gamma = 0.1 }: StepLROptions = {}) {
    check(
      milestones.every((m) => m >= 0),
      `MultiStepLR: milestones must be numbers ≥ 0, got [${milestones.join(', ')}]`,
    )
    super(optimizer, (epoch, baseLr) => baseLr * gamma ** milestones.filter((m) => m <= epoch).length)
  }
}

/** lr = baseLr · gammaᵉᵖᵒᶜʰ. PyTorch: `torch.optim.lr_scheduler.ExponentialLR`. */
export class ExponentialLR extends Schedule {
  constructor(optimizer: Rated, gamma: number) {
    check(gamma >= 0 && gamma < Infinity, `ExponentialLR: gamma must be a number ≥ 0, got ${gamma}`)
    super(optimizer, (epoch, baseLr) => baseLr * gamma ** epoch)
  }
}

/** Options of `LinearLR`. */
export interface LinearLROptions {
  /** Factor at the beginning. Default 1/3. */
  readonly startFactor?: number
  /** Factor from `totalIters` on. Default 1. */
  readonly endFactor?: number
  /** Default 5. */
  readonly totalIters?: number
}

/**
 * lr = baseLr · factor, where factor goes from startFactor to endFactor in `totalIters` even steps and stays there: a warm-up.
 * PyTorch: `torch.optim.lr_scheduler.LinearLR`.
 */
export class LinearLR extends Schedule {
  constructor(optimizer: Rated, { startFactor = 1 / 3, endFactor = 1, totalIters = 5 }: LinearLROptions = {}) {
    check(startFactor > 0 && startFactor <= 1, `LinearLR: startFactor must be a number with 0 < startFactor ≤ 1, got ${startFactor}`)
    check(endFactor >= 0 && endFactor <= 1, `LinearLR: endFactor must be a number with 0 ≤ endFactor ≤ 1, got ${endFactor}`)
    check(totalIters > 0, `LinearLR: totalIters must be above 0, got ${totalIters}`)
    super(optimizer, (epoch, baseLr) => baseLr * (startFactor + ((endFactor - startFactor) * min(epoch, totalIters)) / totalIters))
  }
}

/** Options of `CosineAnnealingLR`. */
export interface CosineAnnealingLROptions {
  /** The lowest rate. Default 0. */
  readonly etaMin?: number
}

/** From `high` to `low` along half a cosine, as `share` goes from 0 to 1. */
const cosine = (high: number, low: number, share: number): number => low + 0.5 * (high - low) * (1 + cos(PI * share))

/**
 * lr = etaMin + ½ (baseLr − etaMin) (1 + cos(π · epoch / tMax)): down to etaMin in `tMax` steps, then up again.
 * PyTorch: `torch.optim.lr_scheduler.CosineAnnealingLR`; Loshchilov & Hutter 2017, without restarts.
 */
export class CosineAnnealingLR extends Schedule {
  constructor(optimizer: Rated, tMax: number, { etaMin = 0 }: CosineAnnealingLROptions = {}) {
    check(tMax > 0, `CosineAnnealingLR: tMax must be above 0, got ${tMax}`)
    super(optimizer, (epoch, baseLr) => cosine(baseLr, etaMin, epoch / tMax))
  }
}

/** Options of `CosineAnnealingWarmRestarts`. */
export interface CosineAnnealingWarmRestartsOptions {
  /** How many times longer each period is than the one before: a whole number ≥ 1. Default 1. */
  readonly tMult?: number
  /** The lowest rate. Default 0. */
  readonly etaMin?: number
}

/**
 * Down from baseLr towards etaMin along a cosine, and back to baseLr at once: first after `t0` epochs, then after tMult times as many each time.
 * PyTorch: `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`; Loshchilov & Hutter 2017.
 */
export class CosineAnnealingWarmRestarts extends Schedule {
  constructor(optimizer: Rated, t0: number, { tMult = 1, etaMin = 0 }: CosineAnnealingWarmRestartsOptions = {}) {
    check(Number.isInteger(t0) && t0 > 0, `CosineAnnealingWarmRestarts: t0 must be a whole number above 0, got ${t0}`)
    check(Number.isInteger(tMult) && tMult >= 1, `CosineAnnealingWarmRestarts: tMult must be a whole number ≥ 1, got ${tMult}`)
    super(optimizer, (epoch, baseLr) => {
      let [passed, period] = [epoch, t0]
      if (tMult === 1) passed = epoch % t0
      for (; passed >= period; period *= tMult) passed -= period
      return cosine(baseLr, etaMin, passed / period)
    })
  }
}

/** Options of `OneCycleLR`. */
export interface OneCycleLROptions {
  /** Share of the steps in which the rate rises. Default 0.3. */
  readonly pctStart?: number
  /** The form of the way up and down. Default 'cos'. */
  readonly annealStrategy?: 'cos' | 'linear'
  /** The first rate is maxLr / divFactor. Default 25. */
  readonly divFactor?: number
  /** The last rate is the first one / finalDivFactor. Default 1e4. */
  readonly finalDivFactor?: number
  /** Come down to the first rate as fast as it rose, then to the last one. Default false. */
  readonly threePhase?: boolean
}

/**
 * Up to `maxLr` and down to almost nothing, once, over `totalSteps` steps; the optimizer's own rate does not matter. Rates alone
 * change: momentum stays as it is, PyTorch's `cycle_momentum=False`. PyTorch: `torch.optim.lr_scheduler.OneCycleLR`; Smith & Topin 2017.
 *
 * `step` throws an OptimizerError when it is called more than `totalSteps` times.
 */
export class OneCycleLR extends Schedule {
  constructor(optimizer: Rated, maxLr: number, totalSteps: number, options: OneCycleLROptions = {}) {
    const { pctStart = 0.3, annealStrategy = 'cos', divFactor = 25, finalDivFactor = 1e4, threePhase = false } = options
    check(maxLr >= 0 && maxLr < Infinity, `OneCycleLR: maxLr must be a number ≥ 0, got ${maxLr}`)
    check(Number.isInteger(totalSteps) && totalSteps > 0, `OneCycleLR: totalSteps must be a whole number above 0, got ${totalSteps}`)
    check(pctStart >= 0 && pctStart <= 1, `OneCycleLR: pctStart must be a number with 0 ≤ pctStart ≤ 1, got ${pctStart}`)
    check(
      divFactor > 0 && finalDivFactor > 0,
      `OneCycleLR: divFactor and finalDivFactor must be above 0, got ${divFactor} and ${finalDivFactor}`,
    )
    check(
      annealStrategy === 'cos' || annealStrategy === 'linear',
      `OneCycleLR: annealStrategy is 'cos' or 'linear', got '${annealStrategy}'`,
    )
    const first = maxLr / divFactor
    const last = first / finalDivFactor
    const top = pctStart * totalSteps - 1
    const end = totalSteps - 1
    const phases = threePhase
      ? [
          { until: top, from: first, to: maxLr },
          { until: 2 * pctStart * totalSteps - 2, from: maxLr, to: first },
          { until: end, from: first, to: last },
        ]
      : [
          { until: top, from: first, to: maxLr },
          { until: end, from: maxLr, to: last },
        ]
    super(optimizer, (epoch) => {
      check(epoch <= totalSteps, `OneCycleLR: step() was called ${epoch} times, and totalSteps is ${totalSteps}`)
      let i = phases.findIndex(({ until }) => epoch <= until)
      if (i < 0) i = phases.length - 1
      const { until, from, to } = phases[i]!
      const start = i === 0 ? 0 : phases[i - 1]!.until
      const share = until === start ? 1 : (epoch - start) / (until - start)
      return annealStrategy === 'cos' ? cosine(from, to, share) : from + (to - from) * share
    })
  }
}

/**
 * One schedule after the other: the first until epoch `milestones[0]`, where the second begins with its own epoch 0, and so on. All of them
 * have the base rates of this one, the optimizer's before any of them was made. The state of this schedule is all there is to save.
 *
 * ```ts
 * const warmup = new LinearLR(optimizer, { startFactor: 0.01, totalIters: 100 })
 * const schedule = new SequentialLR(optimizer, [warmup, new CosineAnnealingLR(optimizer, 900)], [100])
 * ```
 *
 * PyTorch: `torch.optim.lr_scheduler.SequentialLR`.
 */
export class SequentialLR extends Schedule {
  constructor(optimizer: Rated, schedules: readonly Schedule[], milestones: readonly number[]) {
    const count = schedules.length
    check(
      count > 0 && milestones.length === count - 1,
      `SequentialLR takes one milestone fewer than schedules, got ${milestones.length} for ${count}`,
    )
    const rising = milestones.every((m, i) => Number.isInteger(m) && m > (milestones[i - 1] ?? 0))
    check(rising, `SequentialLR: milestones must be whole numbers above 0, each above the one before, got [${milestones.join(', ')}]`)
    const strange = schedules.findIndex((s) => !(s instanceof Schedule) || s.optimizer !== optimizer)
    check(strange < 0, `SequentialLR: schedule ${strange} is not a Schedule of the same optimizer`)
    super(optimizer, (epoch, baseLr) => {
      const i = milestones.filter((m) => m <= epoch).length
      return schedules[i]!.rate(epoch - (milestones[i - 1] ?? 0), baseLr)
    })
  }
}
