import { jit, ones, realize, type Tensor, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { BatchNorm2d, type BatchNormOptions, Sequential } from './index.ts'

const values = Array.from({ length: 24 }, (_, i) => Math.sin(1.7 * i) * 2 + 0.3 * (i % 3))
const batch = (): Tensor => tensor(Float64Array.from(values), [2, 3, 2, 2])

const layer = (options: BatchNormOptions = {}): BatchNorm2d => {
  const norm = new BatchNorm2d(3, { dtype: 'float64', ...options })
  norm.weight?.assign(tensor(Float64Array.of(1, 2, -0.5)))
  norm.bias?.assign(tensor(Float64Array.of(0, 0.1, -1)))
  return norm
}

const close = (list: readonly number[]): number[] => list.map((value) => expect.closeTo(value, 7) as number)
const read = async (x: Tensor | null): Promise<number[]> => [...(await x!.data())]

/** PyTorch 1.13: torch.nn.BatchNorm2d(3, momentum=…).double() with this weight and bias, called with x and then with 2x + 1. */
const torch = {
  y: [
    -0.1836811469, 1.513067705, -0.1176060753, -1.559632288, 1.304125599, 2.506687958, -2.252922722, -1.639597507, -1.58480688,
    -1.097347935, -0.3249170606, -0.9402327354, 1.30221685, -0.1222066155, -1.182111887, 0.3499534578, 2.323503497, -1.156586877,
    -2.328315033, 2.043105097, -1.373768657, -0.2620880258, -0.7511925646, -1.665646141,
  ],
  mean: [0.1716825798, 0.2097063843, 0.2417991672],
  variance: [1.824116204, 2.089137955, 2.179935559],
  eval: [-0.1271155818, 1.563485605, -0.0612799136, -1.498081374, 1.59236044, 2.849804393],
  cumulativeMean: [0.8707719647, 1.067446815, 1.233443968],
  cumulativeVariance: [5.174062267, 6.526214054, 6.989467138],
  cumulativeEval: [-0.3828143357, 0.6209976236, -0.343723726, -1.19683947, 0.2728456748, 0.9842921727],
}

describe('BatchNorm2d', () => {
  it('normalises by the batch while training, and moves the running statistics as PyTorch does', async () => {
    const norm = layer()
    expect(await read(norm.forward(batch()))).toEqual(close(torch.y))
    norm.forward(batch().mul(2).add(1))
    expect(await read(norm.runningMean)).toEqual(close(torch.mean))
    expect(await read(norm.runningVar)).toEqual(close(torch.variance))
    expect(await norm.numBatchesTracked!.item()).toBe(2)
  })

  it('uses the running statistics in eval, and leaves them alone', async () => {
    const norm = layer()
    norm.forward(batch())
    norm.forward(batch().mul(2).add(1))
    norm.eval()
    expect((await read(norm.forward(batch()))).slice(0, 6)).toEqual(close(torch.eval))
    expect(await read(norm.runningMean)).toEqual(close(torch.mean))
    expect(await norm.numBatchesTracked!.item()).toBe(2)
  })

  it('averages over all batches with momentum null', async () => {
    const norm = layer({ momentum: null })
    norm.forward(batch())
    norm.forward(batch().mul(2).add(1))
    expect(await read(norm.runningMean)).toEqual(close(torch.cumulativeMean))
    expect(await read(norm.runningVar)).toEqual(close(torch.cumulativeVariance))
    expect((await read(norm.eval().forward(batch()))).slice(0, 6)).toEqual(close(torch.cumulativeEval))
  })

  it('does the same under jit, through train and eval', async () => {
    const norm = layer()
    const model = new Sequential(norm)
    const step = jit((x: Tensor) => model.forward(x))
    expect(await read(step(batch()))).toEqual(close(torch.y))
    step(batch().mul(2).add(1))
    expect(await read(norm.runningMean)).toEqual(close(torch.mean))
    expect(await norm.numBatchesTracked!.item()).toBe(2)
    model.eval()
    expect((await read(step(batch()))).slice(0, 6)).toEqual(close(torch.eval))
    expect((await read(step(batch()))).slice(0, 6)).toEqual(close(torch.eval))
    expect(await read(norm.runningVar)).toEqual(close(torch.variance))
    model.train()
    expect(await read(step(batch()))).toEqual(close(torch.y))
    expect(await norm.numBatchesTracked!.item()).toBe(3)
  })

  it('without running statistics uses the batch in eval too', async () => {
    const norm = layer({ trackRunningStats: false }).eval()
    expect(await read(norm.forward(batch()))).toEqual(close(torch.y))
    expect(Object.keys(norm.stateDict())).toEqual(['weight', 'bias'])
  })

  it('without affine has neither weight nor bias', async () => {
    const norm = layer({ affine: false })
    const [first] = await read(norm.forward(batch()))
    expect(first).toBeCloseTo(torch.y[0]!, 7)
    expect(Object.keys(norm.stateDict())).toEqual(['runningMean', 'runningVar', 'numBatchesTracked'])
  })

  it('updates its statistics with the next realize, read or not', async () => {
    const norm = new BatchNorm2d(2)
    norm.forward(ones([2, 2, 2, 2]))
    realize()
    expect(await norm.runningMean!.toArray()).toEqual([expect.closeTo(0.1, 6), expect.closeTo(0.1, 6)])
  })

  it('says what is wrong', () => {
    expect(() => layer().forward(zeros([2, 4, 2, 2]))).toThrow('BatchNorm2d expects [N, 3, H, W], got [2, 4, 2, 2]')
    expect(() => layer().forward(zeros([2, 3]))).toThrow('BatchNorm2d expects [N, 3, H, W], got [2, 3]')
    expect(() => new Sequential(layer()).forward(zeros([1, 3, 1, 1]))).toThrow(
      '0 needs more than one value per channel to train, got [1, 3, 1, 1]',
    )
  })
})
