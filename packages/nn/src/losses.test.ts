import { jit, logSoftmax, type Tensor, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { crossEntropy, mseLoss, nllLoss } from './index.ts'

const scores = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i) * 3)
const logits = (): Tensor => tensor(scores, [3, 4])
const classes = (...list: number[]): Tensor => tensor(Int32Array.from(list))
/** F.cross_entropy(logits, torch.tensor([2, 0, 3]), reduction=…) of PyTorch 1.13. */
const torch = {
  mean: 3.7153029127355417,
  sum: 11.145908738206625,
  none: [0.6836267262544387, 4.3206283153491745, 6.141653696603013],
}
const close = (list: readonly number[]): number[] => list.map((value) => expect.closeTo(value, 10) as number)

describe('crossEntropy', () => {
  it('reduces as PyTorch does', async () => {
    const target = classes(2, 0, 3)
    expect(await crossEntropy(logits(), target).item()).toBeCloseTo(torch.mean, 10)
    expect(await crossEntropy(logits(), target, { reduction: 'sum' }).item()).toBeCloseTo(torch.sum, 10)
    expect(await crossEntropy(logits(), target, { reduction: 'none' }).toArray()).toEqual(close(torch.none))
  })

  it('has its classes in dimension 1 of [N, C, d…], and takes one sample [C]', async () => {
    const images = crossEntropy(tensor(scores, [1, 4, 3]), classes(2, 0, 3).reshape([1, 3]), { reduction: 'none' })
    expect(await images.toArray()).toEqual([close([2.6949497823513244, 0.4693134429099416, 6.551343276937873])])
    expect(await crossEntropy(logits().select(0, 0), tensor(Int32Array.of(2), [])).item()).toBeCloseTo(torch.none[0]!, 10)
  })

  it('neither overflows nor takes the log of 0', async () => {
    const extreme = tensor([
      [1e4, -1e4],
      [-1e30, 1e30],
      [-Infinity, 0],
    ])
    expect(await crossEntropy(extreme, classes(1, 1, 1), { reduction: 'none' }).toArray()).toEqual([2e4, 0, 0])
    expect(await crossEntropy(extreme, classes(0, 0, 0), { reduction: 'none' }).toArray()).toEqual([0, expect.closeTo(2e30, -25), Infinity])
  })

  it('takes uint32 classes', async () => {
    expect(await crossEntropy(logits(), tensor(Uint32Array.of(2, 0, 3))).item()).toBeCloseTo(torch.mean, 10)
  })

  it('names a class that does not exist', () => {
    expect(() => crossEntropy(logits(), classes(2, 4, 0))).toThrow('crossEntropy: class 4 is not among the 4 classes 0 … 3')
    expect(() => crossEntropy(logits(), classes(2, -1, 0))).toThrow('class -1')
  })

  it('is NaN for a class that does not exist where nobody can look at the classes', async () => {
    const loss = jit((x: Tensor, y: Tensor) => crossEntropy(x, y, { reduction: 'none' }))
    expect(await loss(logits(), classes(2, 4, -1)).toArray()).toEqual([expect.closeTo(torch.none[0]!, 10), NaN, NaN])
  })

  it('says which shapes and dtypes it takes', () => {
    expect(() => crossEntropy(logits(), classes(1, 2))).toThrow('expects scores [N, C, ...] and classes [N, ...], got [3, 4] and [2]')
    expect(() => crossEntropy(logits(), classes(1, 2, 3).unsqueeze(1))).toThrow('got [3, 4] and [3, 1]')
    expect(() => crossEntropy(tensor(1), classes(0))).toThrow('got [] and [1]')
    expect(() => crossEntropy(logits(), tensor([1, 2, 3]))).toThrow("takes classes as int32, got float32; cast with target.cast('int32')")
    expect(() => crossEntropy(tensor(1), tensor(1))).toThrow('got [] and []')
    expect(() => crossEntropy(logits(), classes(1, 2, 3), { reduction: 'avg' as 'sum' })).toThrow(
      "reduction is 'mean', 'sum' or 'none', got 'avg'",
    )
  })
})

describe('nllLoss', () => {
  it('of logSoftmax is crossEntropy', async () => {
    const target = classes(2, 0, 3)
    expect(await nllLoss(logSoftmax(logits(), 1), target).item()).toBeCloseTo(torch.mean, 10)
    expect(await nllLoss(logSoftmax(logits(), 1), target, { reduction: 'sum' }).item()).toBeCloseTo(torch.sum, 10)
  })

  it('names a class that does not exist', () => {
    expect(() => nllLoss(logits(), classes(2, 4, 0))).toThrow('nllLoss: class 4')
  })
})

describe('mseLoss', () => {
  it('is the mean of squared differences', async () => {
    expect(await mseLoss(logits(), logits().mul(0.5).add(1)).item()).toBeCloseTo(2.0224650300862055, 12)
    expect(await mseLoss(tensor([1, 2]), tensor([3, 5]), { reduction: 'none' }).toArray()).toEqual([4, 9])
    expect(await mseLoss(tensor([1, 2]), tensor([3, 5]), { reduction: 'sum' }).item()).toBe(13)
  })

  it('refuses shapes that would broadcast', () => {
    expect(() => mseLoss(zeros([3]), zeros([3, 1]))).toThrow('mseLoss expects a target of shape [3], that of the input, got [3, 1]')
  })
})
