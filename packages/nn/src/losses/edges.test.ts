/** What the comparison with PyTorch does not reach: edges, errors, and the modules. */
import { jit, ShapeError, type Tensor, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import {
  BCEWithLogitsLoss,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  CrossEntropyLoss,
  cosineEmbeddingLoss,
  crossEntropy,
  gaussianNllLoss,
  hingeEmbeddingLoss,
  huberLoss,
  klDiv,
  l1Loss,
  MSELoss,
  marginRankingLoss,
  nllLoss,
  poissonNllLoss,
  smoothL1Loss,
  TripletMarginLoss,
  tripletMarginLoss,
} from '../index.ts'

const classes = (...list: number[]): Tensor => tensor(Int32Array.from(list))
const none = { reduction: 'none' } as const

describe('crossEntropy', () => {
  const logits = tensor([
    [1, 2, 3],
    [4, 0, -1],
  ])

  it('is NaN on average where every sample is ignored, and 0 in sum', async () => {
    const target = classes(-100, -100)
    expect(await crossEntropy(logits, target).item()).toBeNaN()
    expect(await crossEntropy(logits, target, { reduction: 'sum' }).item()).toBe(0)
  })

  it('is NaN on average over no samples, and empty by samples', async () => {
    expect(await crossEntropy(zeros([0, 3]), zeros([0], { dtype: 'int32' })).item()).toBeNaN()
    expect(await crossEntropy(zeros([0, 3]), zeros([0], { dtype: 'int32' }), none).toArray()).toEqual([])
  })

  it('ignores samples whose classes nobody can look at, and is NaN for others that do not exist', async () => {
    const loss = jit((x: Tensor, y: Tensor) => crossEntropy(x, y, { ...none, ignoreIndex: 9 }))
    expect(await loss(logits, classes(9, 3)).toArray()).toEqual([0, NaN])
  })

  it('passes NaN on, but for samples that are ignored', async () => {
    const broken = tensor([
      [NaN, 0],
      [NaN, 0],
    ])
    expect(await crossEntropy(broken, classes(1, -100), none).toArray()).toEqual([NaN, 0])
  })

  it('names a class that does not exist, but for the one that is ignored', () => {
    expect(() => crossEntropy(logits, classes(9, 3), { ignoreIndex: 9 })).toThrow(
      'crossEntropy: class 3 is not among the 3 classes 0 … 2 (element 1 of the target)',
    )
    expect(() => nllLoss(logits, classes(-100, -1))).toThrow('nllLoss: class -1')
  })

  it('is right for probabilities with logits of any size', async () => {
    const extreme = tensor([
      [100, -100, 0],
      [1e4, -1e4, 0],
    ])
    const target = tensor([
      [0.5, 0.5, 0],
      [0, 0.25, 0.75],
    ])
    expect(await crossEntropy(extreme, target, none).toArray()).toEqual([100, 12500])
    expect(await crossEntropy(extreme, classes(0, 0), { ...none, labelSmoothing: 0.3 }).toArray()).toEqual([
      expect.closeTo(30, 4),
      expect.closeTo(3000, 2),
    ])
  })

  it('says what is wrong with its options', () => {
    expect(() => crossEntropy(logits, classes(0, 1), { weight: tensor([1, 2]) })).toThrow(
      'crossEntropy expects a weight for each of the 3 classes, [3], got [2]',
    )
    expect(() => crossEntropy(logits, logits, { weight: tensor([1, 2]) })).toThrow(ShapeError)
    expect(() => crossEntropy(logits, classes(0, 1), { labelSmoothing: 1.5 })).toThrow('labelSmoothing is a number with 0 ≤ ε ≤ 1, got 1.5')
    expect(() => crossEntropy(logits, logits, { ignoreIndex: 0 })).toThrow('ignoreIndex is for classes, and the target holds probabilities')
    expect(() => nllLoss(logits, classes(0, 1), { ignoreIndex: 0.5 })).toThrow('ignoreIndex is a whole number, got 0.5')
    expect(() => nllLoss(logits, logits)).toThrow("nllLoss takes classes as int32, got float32; cast with target.cast('int32')")
  })
})

describe('binaryCrossEntropy', () => {
  it('is at most 100 where a probability is 0 or 1, and NaN outside', async () => {
    expect(
      await binaryCrossEntropy(tensor([0, 1, 0, 1, 2, -1]), tensor([0, 1, 1, 0, 1, 1]), none)
        .abs()
        .toArray(),
    ).toEqual([0, 0, 100, 100, NaN, NaN])
  })

  it('of logits overflows for none', async () => {
    expect(await binaryCrossEntropyWithLogits(tensor([1e4, -1e4, 1e4, -1e4]), tensor([1, 0, 0, 1]), none).toArray()).toEqual([
      0, 0, 1e4, 1e4,
    ])
  })
})

describe('klDiv', () => {
  it('is 0 where the target is, whatever the input says', async () => {
    expect(await klDiv(tensor([-Infinity, 0]), tensor([0, 1]), none).toArray()).toEqual([0, 0])
  })
})

describe('tripletMarginLoss', () => {
  it('takes the greatest difference with p Infinity', async () => {
    const [a, b, c] = [tensor([0, 0]), tensor([3, -4]), tensor([1, 2])]
    expect(await tripletMarginLoss(a, b, c, { p: Infinity }).item()).toBeCloseTo(4 - 2 + 1, 5)
  })
})

describe('gaussianNllLoss', () => {
  it('raises variances to eps, and names one that is negative', async () => {
    const [x, y] = [tensor([1]), tensor([1])]
    expect(await gaussianNllLoss(x, y, tensor([0]), { eps: 0.01 }).item()).toBeCloseTo(0.5 * Math.log(0.01), 5)
    expect(() => gaussianNllLoss(x, y, tensor([-1]))).toThrow('gaussianNllLoss: a variance is ≥ 0, got -1')
  })
})

describe('every loss', () => {
  const [three, column] = [zeros([3]), zeros([3, 1])]
  it.each<[string, () => Tensor]>([
    ['l1Loss expects a target of shape [3], that of the input, got [3, 1]', () => l1Loss(three, column)],
    ['smoothL1Loss expects a target', () => smoothL1Loss(three, column)],
    ['smoothL1Loss: beta is a number ≥ 0, got -1', () => smoothL1Loss(three, three, { beta: -1 })],
    ['huberLoss expects a target', () => huberLoss(three, column)],
    ['huberLoss: delta is a number above 0, got 0', () => huberLoss(three, three, { delta: 0 })],
    ['binaryCrossEntropy expects a target', () => binaryCrossEntropy(three, column)],
    ['binaryCrossEntropyWithLogits expects a target', () => binaryCrossEntropyWithLogits(three, column)],
    ['klDiv expects a target', () => klDiv(three, column)],
    ['gaussianNllLoss expects a target', () => gaussianNllLoss(three, column, three)],
    [
      'gaussianNllLoss expects a variance of shape [3, 1], or one for all of the last dimension, got [2]',
      () => gaussianNllLoss(column, column, zeros([2])),
    ],
    ['gaussianNllLoss: eps is a number above 0, got 0', () => gaussianNllLoss(three, three, three, { eps: 0 })],
    ['poissonNllLoss expects a target', () => poissonNllLoss(three, column)],
    ['cosineEmbeddingLoss expects a second input of shape [3]', () => cosineEmbeddingLoss(three, column, zeros([]))],
    [
      'cosineEmbeddingLoss expects inputs [N, D] and targets [N], or [D] and [], got [3] and [3]',
      () => cosineEmbeddingLoss(three, three, three),
    ],
    ['tripletMarginLoss expects a negative of shape [3]', () => tripletMarginLoss(three, three, column)],
    ['tripletMarginLoss: p is a number above 0, got 0', () => tripletMarginLoss(three, three, three, { p: 0 })],
    ['tripletMarginLoss expects vectors [N, D] or [D], got []', () => tripletMarginLoss(zeros([]), zeros([]), zeros([]))],
    ['marginRankingLoss expects a target of shape [3]', () => marginRankingLoss(three, three, column)],
    ['hingeEmbeddingLoss expects a target', () => hingeEmbeddingLoss(three, column)],
    ["klDiv: reduction is 'mean', 'sum' or 'none', got 'avg'", () => klDiv(three, three, { reduction: 'avg' as 'sum' })],
  ])('says what it takes: %s', (message, call) => {
    expect(call).toThrow(message)
  })
})

describe('modules', () => {
  it('print their options, and hold weights as buffers', async () => {
    expect(String(new TripletMarginLoss({ margin: 2, reduction: 'sum' }))).toBe('TripletMarginLoss(margin=2, reduction=sum)')
    expect(String(new MSELoss())).toBe('MSELoss()')
    const criterion = new CrossEntropyLoss({ weight: tensor([1, 2, 3]), labelSmoothing: 0.1 })
    expect(String(criterion)).toBe('CrossEntropyLoss(labelSmoothing=0.1)')
    expect(criterion.namedBuffers().map(([name]) => name)).toEqual(['weight'])
    expect(criterion.parameters()).toEqual([])
    expect(Object.keys(new BCEWithLogitsLoss({ posWeight: tensor([2]) }).stateDict())).toEqual(['posWeight'])
    const [x, y] = [tensor([[1, 2, 3]]), classes(1)]
    criterion.loadStateDict({ weight: tensor([0, 5, 0]) })
    expect(await criterion.forward(x, y).item()).toBe(await crossEntropy(x, y, { weight: tensor([0, 5, 0]), labelSmoothing: 0.1 }).item())
  })
})
