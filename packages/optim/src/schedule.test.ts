import { jit, tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import {
  CosineAnnealingLR,
  CosineAnnealingWarmRestarts,
  ExponentialLR,
  LambdaLR,
  LinearLR,
  MultiStepLR,
  OneCycleLR,
  ReduceLROnPlateau,
  Schedule,
  SequentialLR,
  SGD,
  StepLR,
} from './index.ts'

const rates = (schedule: Schedule, optimizer: { lr: number }, steps: number): number[] =>
  Array.from({ length: steps }, () => {
    const { lr } = optimizer
    schedule.step()
    return lr
  })

const close = (list: readonly number[]): number[] => list.map((value) => expect.closeTo(value, 10) as number)

describe('schedules', () => {
  // Of PyTorch 1.13, whose cosine is a recursion; its closed form here goes up again after tMax just so.
  it('StepLR drops every stepSize epochs', () => {
    const optimizer = { lr: 0.8 }
    expect(rates(new StepLR(optimizer, 3, { gamma: 0.5 }), optimizer, 8)).toEqual(close([0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2]))
  })

  it('CosineAnnealingLR follows the cosine', () => {
    const optimizer = { lr: 0.8 }
    expect(rates(new CosineAnnealingLR(optimizer, 5, { etaMin: 0.01 }), optimizer, 8)).toEqual(
      close([0.8, 0.724561712778, 0.527061712778, 0.282938287222, 0.0854382872219, 0.01, 0.0854382872219, 0.282938287222]),
    )
  })

  it('ends at exactly 0 by default', () => {
    const optimizer = { lr: 2e-3 }
    const schedule = new CosineAnnealingLR(optimizer, 3)
    for (let i = 0; i < 3; i++) schedule.step()
    expect(optimizer.lr).toBe(0)
  })

  it('may be any function of the epoch, which holds from the beginning', () => {
    const optimizer = { lr: 1 }
    const warmup = new Schedule(optimizer, (epoch, baseLr) => baseLr * Math.min(1, (epoch + 1) / 4))
    expect(rates(warmup, optimizer, 6)).toEqual([0.25, 0.5, 0.75, 1, 1, 1])
  })

  it('go on where they were', () => {
    const first = { lr: 0.8 }
    const schedule = new StepLR(first, 3)
    for (let i = 0; i < 4; i++) schedule.step()
    const second = { lr: 0.1 } // a checkpoint's, decayed already
    const resumed = new StepLR(second, 3)
    resumed.loadStateDict(JSON.parse(JSON.stringify(schedule.stateDict())))
    expect(rates(resumed, second, 5)).toEqual(rates(schedule, first, 5))
  })

  it('LambdaLR scales the first rate', () => {
    const optimizer = { lr: 2 }
    expect(rates(new LambdaLR(optimizer, (epoch) => 1 / (1 + epoch)), optimizer, 4)).toEqual(close([2, 1, 2 / 3, 0.5]))
  })

  it('in a row all begin at the rate that was there before any of them', () => {
    const optimizer = { lr: 1 }
    const warmup = new LinearLR(optimizer, { startFactor: 0.25, totalIters: 3 })
    expect(optimizer.lr).toBe(0.25)
    const schedule = new SequentialLR(optimizer, [warmup, new StepLR(optimizer, 1, { gamma: 0.5 })], [3])
    expect(rates(schedule, optimizer, 6)).toEqual(close([0.25, 0.5, 0.75, 1, 0.5, 0.25]))
    expect(schedule.baseLrs).toEqual([1])
  })

  it('begin anew at a rate that was set by hand', () => {
    const optimizer = { lr: 1 }
    new ExponentialLR(optimizer, 0.5).step()
    optimizer.lr = 4
    expect(new ExponentialLR(optimizer, 0.5).baseLrs).toEqual([4])
  })

  it('OneCycleLR ends after its steps', () => {
    const optimizer = { lr: 1 }
    const schedule = new OneCycleLR(optimizer, 1, 3)
    expect(rates(schedule, optimizer, 3).every((lr) => lr > 0)).toBe(true)
    expect(() => schedule.step()).toThrow('OneCycleLR: step() was called 4 times, and totalSteps is 3')
    expect(rates(new OneCycleLR(optimizer, 1, 2, { pctStart: 0.5 }), optimizer, 2)).toEqual(close([1, 1 / 25 / 1e4]))
  })

  it('ReduceLROnPlateau never takes NaN for better, and a metric that is no number not at all', () => {
    const optimizer = { lr: 1 }
    const schedule = new ReduceLROnPlateau(optimizer, { patience: 1 })
    for (const metric of [Number.NaN, Number.NaN]) schedule.step(metric)
    expect([optimizer.lr, schedule.stateDict().best, schedule.lastEpoch]).toEqual([0.1, null, 2])
    expect(() => schedule.step(tensor(1) as never)).toThrow('step takes the metric as a number, got object; await loss.item() first')
  })

  it('do not step inside of a jitted function', () => {
    const optimizer = new SGD([new Variable(tensor([1]))])
    const constant = new Schedule(optimizer, (_, lr) => lr)
    expect(jit(() => constant.step())).toThrow('Schedule: step() was called inside of a jitted function')
    expect(constant.lastEpoch).toBe(0)
    expect(jit(() => new ReduceLROnPlateau(optimizer).step(1))).toThrow('inside of a jitted function')
    expect(
      jit(() => {
        optimizer.lr = 1
      }),
    ).toThrow('SGD: lr was set inside of a jitted function')
  })

  it.each<[string, () => unknown]>([
    ['StepLR: stepSize must be above 0, got 0', () => new StepLR({ lr: 1 }, 0)],
    ['MultiStepLR: milestones must be numbers ≥ 0, got [3, -1]', () => new MultiStepLR({ lr: 1 }, [3, -1])],
    ['ExponentialLR: gamma must be a number ≥ 0, got NaN', () => new ExponentialLR({ lr: 1 }, Number.NaN)],
    ['LinearLR: startFactor must be', () => new LinearLR({ lr: 1 }, { startFactor: 0 })],
    ['LinearLR: endFactor must be', () => new LinearLR({ lr: 1 }, { endFactor: 2 })],
    ['LinearLR: totalIters must be above 0', () => new LinearLR({ lr: 1 }, { totalIters: 0 })],
    ['CosineAnnealingLR: tMax must be above 0, got NaN', () => new CosineAnnealingLR({ lr: 1 }, Number.NaN)],
    ['t0 must be a whole number above 0, got 1.5', () => new CosineAnnealingWarmRestarts({ lr: 1 }, 1.5)],
    ['tMult must be a whole number ≥ 1, got 0', () => new CosineAnnealingWarmRestarts({ lr: 1 }, 1, { tMult: 0 })],
    ['OneCycleLR: maxLr must be a number ≥ 0', () => new OneCycleLR({ lr: 1 }, -1, 10)],
    ['OneCycleLR: totalSteps must be a whole number above 0', () => new OneCycleLR({ lr: 1 }, 1, 0)],
    ['OneCycleLR: pctStart must be', () => new OneCycleLR({ lr: 1 }, 1, 10, { pctStart: 30 })],
    ["annealStrategy is 'cos' or 'linear', got 'sin'", () => new OneCycleLR({ lr: 1 }, 1, 10, { annealStrategy: 'sin' as 'cos' })],
    ['divFactor and finalDivFactor must be above 0', () => new OneCycleLR({ lr: 1 }, 1, 10, { divFactor: 0 })],
    ['one milestone fewer than schedules, got 0 for 0', () => new SequentialLR({ lr: 1 }, [], [])],
    ['milestones must be whole numbers above 0, each above', () => sequence([3, 3])],
    ['schedule 0 is not a Schedule of the same optimizer', () => new SequentialLR({ lr: 1 }, [new StepLR({ lr: 1 }, 1)], [])],
    ["mode is 'min' or 'max', got 'least'", () => new ReduceLROnPlateau({ lr: 1 }, { mode: 'least' as 'min' })],
    ["thresholdMode is 'rel' or 'abs', got 'x'", () => new ReduceLROnPlateau({ lr: 1 }, { thresholdMode: 'x' as 'rel' })],
    ['factor must be a number with 0 ≤ factor < 1, got 1', () => new ReduceLROnPlateau({ lr: 1 }, { factor: 1 })],
    ['patience must be a number ≥ 0, got -1', () => new ReduceLROnPlateau({ lr: 1 }, { patience: -1 })],
    ['a state has 1 baseLrs, one a group, and a lastEpoch', () => new StepLR({ lr: 1 }, 3).loadStateDict({} as never)],
    ['a state has best, numBadEpochs, cooldownCounter and lastEpoch', () => new ReduceLROnPlateau({ lr: 1 }).loadStateDict({} as never)],
  ])('refuse what makes no sense: %s', (message, make) => {
    expect(make).toThrow(message)
  })

  const sequence = (milestones: number[]): SequentialLR => {
    const optimizer = { lr: 1 }
    return new SequentialLR(
      optimizer,
      [1, 2, 3].map((size) => new StepLR(optimizer, size)),
      milestones,
    )
  }
})
