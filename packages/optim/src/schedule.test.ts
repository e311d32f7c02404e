import { describe, expect, it } from 'vitest'
import { CosineAnnealingLR, Schedule, StepLR } from './index.ts'

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

  it('refuse what makes no sense', () => {
    expect(() => new StepLR({ lr: 1 }, 0)).toThrow('StepLR: stepSize must be above 0, got 0')
    expect(() => new CosineAnnealingLR({ lr: 1 }, Number.NaN)).toThrow('CosineAnnealingLR: tMax must be above 0, got NaN')
    expect(() => new StepLR({ lr: 1 }, 3).loadStateDict({} as never)).toThrow('a state has 1 baseLrs, one a group, and a lastEpoch')
  })
})
