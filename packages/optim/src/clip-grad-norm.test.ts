import { counters, jit, type Tensor, tensor, Variable } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { clipGradNorm, SGD } from './index.ts'

const withGrad = (...grad: number[]): Variable => {
  const variable = new Variable(tensor(grad.map(() => 0)))
  variable.grad = tensor(grad)
  return variable
}
const read = async (x: Tensor | null): Promise<number[]> => [...(await x!.data())]
const close = (list: readonly number[]): number[] => list.map((value) => expect.closeTo(value, 6) as number)

describe('clipGradNorm', () => {
  it('scales all gradients by one factor, and returns the norm that they had', async () => {
    const [a, b, frozen] = [withGrad(3, 4), withGrad(12), new Variable(tensor([1]))]
    const norm = clipGradNorm(
      [
        ['a', a],
        ['b', b],
        ['frozen', frozen],
      ],
      1,
    )
    expect(await norm.item()).toBe(13)
    // torch.nn.utils.clip_grad_norm_, 1.13
    expect(await read(a.grad)).toEqual(close([0.23076921701431274, 0.307692289352417]))
    expect(await read(b.grad)).toEqual(close([0.923076868057251]))
    expect(frozen.grad).toBe(null)
  })

  it('leaves smaller gradients as they are', async () => {
    const a = withGrad(3, 4)
    expect(await clipGradNorm([a], 5.1).item()).toBe(5)
    expect(await read(a.grad)).toEqual([3, 4])
  })

  it('computes nothing before the step, and its norm can be read after it', async () => {
    const a = withGrad(3, 4)
    const optimizer = new SGD([a], { lr: 1 })
    const { runs } = counters
    // a gradient that depends on the parameter, as one of backward does
    a.grad = a.add(a.grad!)
    const norm = clipGradNorm([a], 1)
    expect(counters.runs).toBe(runs)
    optimizer.step()
    expect(counters.runs).toBe(runs + 1)
    expect(await norm.item()).toBe(5)
    expect(await read(a)).toEqual(close([-0.6, -0.8]))
  })

  it('works under jit', async () => {
    const a = new Variable(tensor([0, 0]))
    const optimizer = new SGD([a], { lr: 1 })
    const step = jit((g: Tensor) => {
      a.grad = g
      const norm = clipGradNorm([a], 1)
      optimizer.step()
      return norm
    })
    expect(await step(tensor([3, 4])).item()).toBe(5)
    expect(await step(tensor([0, 10])).item()).toBe(10)
    expect(await read(a)).toEqual(close([-0.6, -1.8]))
  })

  it('is 0 where nothing has a gradient', async () => {
    expect(await clipGradNorm([new Variable(tensor([1]))], 1).item()).toBe(0)
  })

  it('refuses a norm that is none', () => {
    expect(() => clipGradNorm([withGrad(1)], 0)).toThrow('clipGradNorm: maxNorm must be above 0, got 0')
    expect(() => clipGradNorm([withGrad(1)], Number.NaN)).toThrow('got NaN')
  })
})
