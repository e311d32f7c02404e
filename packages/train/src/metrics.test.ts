import { tensor } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { accuracy, RunningMean } from './metrics.ts'

describe('accuracy', () => {
  it('is the part of the rows whose greatest logit stands at the target', async () => {
    const logits = tensor([
      [1, 3, 2],
      [5, 0, 1],
      [0, 0, 9],
      [7, 8, 1],
    ])
    expect(await accuracy(logits, tensor(Int32Array.of(1, 0, 2, 0))).item()).toBe(0.75)
  })
})

describe('RunningMean', () => {
  it('weighs what is added', () => {
    const mean = new RunningMean()
    mean.add(1, 3)
    mean.add(5)
    expect(mean.value).toBe(2)
  })

  it('is NaN while nothing was added', () => {
    const mean = new RunningMean()
    expect(mean.value).toBeNaN()
    mean.add(1)
    mean.reset()
    expect(mean.value).toBeNaN()
  })
})
