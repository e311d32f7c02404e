import { type Tensor, tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { clipGradNorm, clipGradValue } from './index.ts'

const withGrad = (...grad: number[]): Variable => {
  const variable = new Variable(tensor(grad.map(() => 0)))
  variable.grad = tensor(grad)
  return variable
}
const read = async (x: Tensor | null): Promise<number[]> => [...(await x!.data())]

describe('clipGradValue', () => {
  it('brings every element into its bounds, and passes over what has no gradient', async () => {
    const [a, b, frozen] = [withGrad(-3, 0.5, Infinity), withGrad(Number.NaN), new Variable(tensor([1]))]
    clipGradValue([a, b, frozen], 1)
    expect([await read(a.grad), await read(b.grad), frozen.grad]).toEqual([[-1, 0.5, 1], [Number.NaN], null])
  })

  it('refuses a bound that is none', () => {
    expect(() => clipGradValue([], -1)).toThrow('clipGradValue: clipValue must be a number ≥ 0, got -1')
    expect(() => clipGradValue([], Number.NaN)).toThrow('got NaN')
  })
})

describe('clipGradNorm', () => {
  // torch.nn.utils.clip_grad_norm_ (1.13), norms of the vector (3, −4, 12)
  it.each([
    [1, 19],
    [2, 13],
    [3, 12.2071],
    [Infinity, 12],
  ])('with normType %d', async (normType, norm) => {
    const [a, b] = [withGrad(3, -4), withGrad(12)]
    expect(await clipGradNorm([a, b], 1, { normType }).item()).toBeCloseTo(norm, 3)
    expect([...(await read(a.grad)), ...(await read(b.grad))]).toEqual([3, -4, 12].map((g) => expect.closeTo(g / norm, 5)))
  })

  it('refuses a norm that is none', () => {
    expect(() => clipGradNorm([], 1, { normType: 0 })).toThrow('clipGradNorm: normType must be above 0, got 0')
  })
})
