/** The gradient of every op, at every sample, against differences. */
import { allSamples } from '@tenon/tensor/samples'
import { gradientCheck, runCase } from '@tenon/testing'
import { describe, expect, test } from 'vitest'
import { gradientSkip } from './op-support.ts'

describe('gradients agree with differences', () => {
  for (const samples of allSamples) {
    const reasons = samples.cases.map((_, i) => gradientSkip(samples, i))
    if (reasons.every((reason) => reason !== null)) test.skip(`${samples.name}: ${[...new Set(reasons)].join('; ')}`, () => {})
    else {
      test(samples.name, async () => {
        const problems: string[] = []
        for (const [i, { args }] of samples.cases.entries()) {
          if (reasons[i] !== null) continue
          const { label, inputs } = runCase(samples, i, { float: 'float64' })
          try {
            await gradientCheck((...xs) => samples.run(xs, args), inputs, { kinks: samples.kinks })
          } catch (error) {
            problems.push(`${label}: ${error}`)
          }
        }
        expect(problems).toEqual([])
      })
    }
  }
})
