import { tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Adam, type AdamOptions, AdamW } from './index.ts'

const gradient = (step: number): number[] => [0, 1, 2].map((i) => Math.sin(3 * step + i) + 0.1 * i)

/** Adam and AdamW as their docstrings have them, on numbers. */
function reference(start: readonly number[], steps: number, decoupled: boolean, options: AdamOptions): number[] {
  const { lr = 1e-3, betas: [beta1, beta2] = [0.9, 0.999], eps = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = options
  const p = [...start]
  const m = p.map(() => 0)
  const v = p.map(() => 0)
  for (let t = 1; t <= steps; t++) {
    gradient(t - 1).forEach((raw, i) => {
      if (decoupled) p[i] = p[i]! * (1 - lr * weightDecay)
      const g = decoupled ? raw : raw + weightDecay * p[i]!
      m[i] = beta1 * m[i]! + (1 - beta1) * g
      v[i] = beta2 * v[i]! + (1 - beta2) * g * g
      p[i] = p[i]! - ((lr / (1 - beta1 ** t)) * m[i]!) / (Math.sqrt(v[i]!) / Math.sqrt(1 - beta2 ** t) + eps)
    })
  }
  return p
}

describe.each([
  [Adam, false],
  [AdamW, true],
] as const)('%o', (Kind, decoupled) => {
  const start = [1, -2, 0.5]
  const hyper: AdamOptions = { lr: 0.1, betas: [0.8, 0.95], eps: 1e-3, weightDecay: 0.1 }

  const train = async (steps: number, options: AdamOptions, dtype: 'float32' | 'float64' = 'float64'): Promise<number[]> => {
    const parameter = new Variable(tensor(start, [3], { dtype }))
    const optimizer = new Kind([parameter], options)
    for (let step = 0; step < steps; step++) {
      parameter.grad = tensor(gradient(step), [3], { dtype })
      optimizer.step()
    }
    return [...(await parameter.data())]
  }

  it('takes PyTorch’s steps', async () => {
    // Five steps of torch.optim.Adam and AdamW (1.13, float64) with the options below.
    const expected = decoupled ? [0.904457134482, -2.08786606317, 0.27449102614] : [0.737985055784, -2.08102317212, 0.279582562307]
    expect(await train(5, hyper)).toEqual(expected.map((value) => expect.closeTo(value, 10)))
    const byDefault = decoupled ? [0.999419755077, -2.00192306907, 0.497822440258] : reference(start, 5, false, {})
    expect(await train(5, {})).toEqual(byDefault.map((value) => expect.closeTo(value, 10)))
  })

  it('takes the steps of its formula, many of them', async () => {
    expect(await train(60, hyper)).toEqual(reference(start, 60, decoupled, hyper).map((value) => expect.closeTo(value, 12)))
  })

  it('loses no digits in the first steps of float32', async () => {
    const options: AdamOptions = { betas: [0.9, 0.999], lr: 0.5, weightDecay: 0 }
    expect(await train(2, options, 'float32')).toEqual(reference(start, 2, decoupled, options).map((value) => expect.closeTo(value, 6)))
  })

  it('takes betas of 0', async () => {
    const options: AdamOptions = { betas: [0, 0], lr: 0.01 }
    expect(await train(3, options)).toEqual(reference(start, 3, decoupled, options).map((value) => expect.closeTo(value, 12)))
  })

  it('refuses options out of range', () => {
    const make = (options: AdamOptions) => (): unknown => new Kind([new Variable(tensor([1]))], options)
    expect(make({ betas: [0.9, 1] })).toThrow(`${Kind.name}: betas are two numbers with 0 ≤ beta < 1, got [0.9,1]`)
    expect(make({ betas: [0.9] as unknown as [number, number] })).toThrow('betas are two numbers')
    expect(make({ lr: -1e-3 })).toThrow(`${Kind.name}: lr must be a number ≥ 0, got -0.001`)
    expect(make({ eps: -1 })).toThrow('eps must be a number ≥ 0')
    expect(make({ weightDecay: Number.NaN })).toThrow('weightDecay must be a number ≥ 0, got NaN')
    expect(make({ fused: true } as AdamOptions)).toThrow(
      `${Kind.name} has no option fused; it takes lr, betas, eps, weightDecay, amsgrad, maximize`,
    )
  })
})

describe('Adam', () => {
  it('takes PyTorch’s steps by default', async () => {
    const parameter = new Variable(tensor(Float64Array.of(1, -2, 0.5)))
    const optimizer = new Adam([parameter], { lr: 0.1 })
    for (let step = 0; step < 5; step++) {
      parameter.grad = tensor(Float64Array.from(gradient(step)))
      optimizer.step()
    }
    const expected = [0.94697348857, -2.20231209858, 0.284738440006] // torch.optim.Adam([w], lr=0.1), 1.13
    expect([...(await parameter.data())]).toEqual(expected.map((value) => expect.closeTo(value, 10)))
  })
})
