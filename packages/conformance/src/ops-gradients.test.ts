/** The gradient of every op, at every sample, against differences. */
import { isFloat } from '@tenon/kernel'
import { allSamples, type Samples } from '@tenon/tensor/samples'
import { gradientCheck, runCase } from '@tenon/testing'
import { describe, expect, test } from 'vitest'

/** Whether there is anything to differentiate: floats in, floats out. */
function differentiable(samples: Samples): boolean {
  if (!samples.cases.some((c) => c.inputs.some((input) => isFloat(input.dtype)))) return false
  return samples.cases.some((_, i) => runCase(samples, i).outputs.some((y) => isFloat(y.dtype)))
}

describe('gradients agree with differences', () => {
  for (const samples of allSamples) {
    if (samples.noGradient) test.skip(`${samples.name}: ${samples.noGradient}`, () => {})
    else if (differentiable(samples)) {
      test(samples.name, async () => {
        const problems: string[] = []
        for (const [i, { noGradient, args }] of samples.cases.entries()) {
          if (noGradient) continue
          const { label, inputs, outputs } = runCase(samples, i, { float: 'float64' })
          if (!inputs.some((x) => isFloat(x.dtype)) || !outputs.some((y) => isFloat(y.dtype))) continue
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
