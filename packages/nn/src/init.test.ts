import { arange, Generator, manualSeed, type Shape, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Conv2d, init, Linear, Parameter } from './index.ts'

const blank = (shape: Shape): Parameter => new Parameter(zeros(shape))

/** Mean, standard deviation and greatest magnitude. */
async function moments(parameter: Parameter): Promise<{ mean: number; std: number; peak: number }> {
  const values = [...(await parameter.data())]
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  const std = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)
  return { mean, std, peak: Math.max(...values.map(Math.abs)) }
}

describe('calculateGain', () => {
  it.each([
    // [torch.nn.init.calculate_gain(n) for n in …]
    ['linear', 1],
    ['sigmoid', 1],
    ['tanh', 1.6666666666666667],
    ['relu', 1.4142135623730951],
    ['leakyRelu', 1.4141428569978354],
    ['selu', 0.75],
  ] as const)('of %s is PyTorch’s', (name, gain) => {
    expect(init.calculateGain(name)).toBeCloseTo(gain, 14)
  })

  it('takes the slope of a leaky ReLU', () => {
    expect(init.calculateGain('leakyRelu', Math.sqrt(5))).toBeCloseTo(Math.sqrt(1 / 3), 14)
  })

  it('names an unknown nonlinearity', () => {
    expect(() => init.calculateGain('swish' as 'relu')).toThrow("unknown nonlinearity 'swish'")
  })
})

describe('fans', () => {
  it('counts a kernel’s taps', () => {
    expect(init.fans(blank([16, 4, 3, 3]))).toEqual({ fanIn: 36, fanOut: 144 })
    expect(init.fans(blank([10, 20]))).toEqual({ fanIn: 20, fanOut: 10 })
  })

  it('refuses a vector', () => {
    expect(() => init.fans(blank([3]))).toThrow('two dimensions or more, got [3]')
  })
})

describe('distributions', () => {
  const shape = [128, 16, 3, 3]
  const [fanIn, fanOut] = [16 * 9, 128 * 9]

  it.each([
    [
      'kaimingUniform',
      () => init.calculateGain('relu') * Math.sqrt(3 / fanIn),
      (w: Parameter) => init.kaimingUniform(w, { nonlinearity: 'relu' }),
    ],
    ['kaimingUniform of fanOut', () => Math.SQRT2 * Math.sqrt(3 / fanOut), (w: Parameter) => init.kaimingUniform(w, { mode: 'fanOut' })],
    ['xavierUniform', () => 2 * Math.sqrt(6 / (fanIn + fanOut)), (w: Parameter) => init.xavierUniform(w, { gain: 2 })],
    ['uniform', () => 0.25, (w: Parameter) => init.uniform(w, -0.25, 0.25)],
  ])('%s fills its bounds evenly', async (_name, bound, fill) => {
    const weight = blank(shape)
    fill(weight)
    const { mean, std, peak } = await moments(weight)
    expect(peak).toBeLessThanOrEqual(bound() * (1 + 1e-6))
    expect(peak).toBeGreaterThan(bound() * 0.99)
    expect(std / (bound() / Math.sqrt(3))).toBeCloseTo(1, 1)
    expect(mean / bound()).toBeCloseTo(0, 1)
  })

  it.each([
    ['kaimingNormal', () => Math.SQRT2 / Math.sqrt(fanIn), (w: Parameter) => init.kaimingNormal(w)],
    ['xavierNormal', () => Math.sqrt(2 / (fanIn + fanOut)), (w: Parameter) => init.xavierNormal(w)],
    ['normal', () => 0.02, (w: Parameter) => init.normal(w, 0, 0.02)],
  ])('%s has its standard deviation', async (_name, std, fill) => {
    const weight = blank(shape)
    fill(weight)
    const found = await moments(weight)
    expect(found.std / std()).toBeCloseTo(1, 1)
    expect(found.mean / std()).toBeCloseTo(0, 1)
    expect(found.peak).toBeGreaterThan(3 * std())
  })

  it('constant, zeros and ones fill', async () => {
    const weight = blank([2])
    init.constant(weight, 3)
    expect(await weight.toArray()).toEqual([3, 3])
    init.ones(weight)
    expect(await weight.toArray()).toEqual([1, 1])
    init.zeros(weight)
    expect(await weight.toArray()).toEqual([0, 0])
  })

  // The last two: mean and standard deviation of the truncated distribution, from φ and Φ at its bounds
  it.each([
    [0, 1, -2, 2, 0, 0.87963],
    [1, 2, 0, 2, 1, 0.569567],
    [0, 0.5, 1, 3, 1.18661, 0.16905],
  ])('truncNormal of mean %d and std %d stays within %d and %d', async (mean, std, a, b, expectedMean, expectedStd) => {
    const weight = blank([20000])
    init.truncNormal(weight, mean, std, { a, b })
    const values = await weight.data()
    const found = await moments(weight)
    expect(Math.min(...values)).toBeGreaterThanOrEqual(a)
    expect(Math.max(...values)).toBeLessThanOrEqual(b)
    expect(found.mean).toBeCloseTo(expectedMean, 1)
    expect(found.std / expectedStd).toBeCloseTo(1, 1)
  })

  it('truncNormal without bounds that matter is normal, far out too', async () => {
    const weight = blank([100000])
    init.truncNormal(weight, 0, 1, { a: -50, b: 50 })
    const { mean, std, peak } = await moments(weight)
    expect(mean).toBeCloseTo(0, 1)
    expect(std).toBeCloseTo(1, 2)
    expect(peak).toBeGreaterThan(3.5)
    expect(peak).toBeLessThan(6)
    expect(() => init.truncNormal(weight, 0, 1, { a: 1, b: 1 })).toThrow('bounds a < b, got 1 and 1')
  })

  it('repeat with a seed, and with a generator of one’s own', async () => {
    const draw = async (): Promise<ArrayLike<number>> => {
      const weight = blank([4, 4])
      init.kaimingUniform(weight, { generator: new Generator(7) })
      return weight.data()
    }
    expect(await draw()).toEqual(await draw())
    manualSeed(3)
    const first = new Linear(4, 4)
    manualSeed(3)
    expect(await new Linear(4, 4).weight.data()).toEqual(await first.weight.data())
  })
})

describe('matrices', () => {
  it('eye is the identity, of any matrix', async () => {
    const weight = blank([2, 3])
    init.eye(weight)
    expect(await weight.toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ])
    expect(() => init.eye(blank([3]))).toThrow('eye takes a matrix, got [3]')
  })

  it.each([1, 2])('dirac makes a convolution of %d groups the identity', async (groups) => {
    const conv = new Conv2d(4, 4, 3, { padding: 'same', groups, bias: false })
    init.dirac(conv.weight, { groups })
    const x = arange(4 * 5 * 5)
      .cast('float32')
      .reshape([1, 4, 5, 5])
    expect(await conv.forward(x).data()).toEqual(await x.data())
  })

  it('dirac leaves channels without a partner empty', async () => {
    const weight = blank([3, 2, 1])
    init.dirac(weight)
    expect([...(await weight.data())]).toEqual([1, 0, 0, 1, 0, 0])
    expect(() => init.dirac(blank([3, 2]))).toThrow('[out, in, ...kernel], got [3, 2]')
    expect(() => init.dirac(weight, { groups: 2 })).toThrow('must divide the 3 output channels, got 2')
  })

  it.each<[Shape]>([[[6, 6]], [[3, 8]], [[8, 3]], [[4, 2, 3]], [[1, 1]]])(
    'orthogonal of %j has rows or columns at right angles',
    async (shape) => {
      const weight = blank(shape)
      init.orthogonal(weight, { gain: 2 })
      const matrix = weight.reshape([shape[0]!, -1])
      const [rows, columns] = matrix.shape as [number, number]
      const product = rows <= columns ? matrix.matmul(matrix.transpose(0, 1)) : matrix.transpose(0, 1).matmul(matrix)
      const size = Math.min(rows, columns)
      const expected = Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? 4 : 0))
      expect([...(await product.data())]).toEqual(expected.map((value) => expect.closeTo(value, 5)))
    },
  )

  it('orthogonal favours no direction, repeats with a generator, and refuses a vector', async () => {
    const weight = blank([2, 2])
    let mean = 0
    for (let seed = 0; seed < 200; seed++) {
      init.orthogonal(weight, { generator: new Generator(seed) })
      mean += (await weight.data())[0]! / 200
    }
    expect(mean).toBeCloseTo(0, 0)
    const last = await weight.data()
    init.orthogonal(weight, { generator: new Generator(199) })
    expect(await weight.data()).toEqual(last)
    expect(() => init.orthogonal(blank([3]))).toThrow('two dimensions or more, got [3]')
  })

  it('sparse leaves the same number of zeros in each column', async () => {
    const weight = blank([10, 50])
    init.sparse(weight, 0.25, { std: 0.1 })
    const zeros = await weight.eq(0).sum(0).data()
    expect(new Set(zeros)).toEqual(new Set([3]))
    const rows = new Set(await weight.eq(0).sum(1).data())
    expect(rows.size).toBeGreaterThan(1) // chosen anew for each column
    expect((await moments(weight)).std / (0.1 * Math.sqrt(0.7))).toBeCloseTo(1, 1)
    expect(() => init.sparse(weight, 2)).toThrow('a share between 0 and 1, got 2')
    expect(() => init.sparse(blank([3]), 0.5)).toThrow('sparse takes a matrix, got [3]')
  })
})

describe('layers begin as PyTorch’s', () => {
  it.each([
    ['Linear', 64, () => new Linear(64, 500)],
    ['Conv2d', 36, () => new Conv2d(4, 300, 3)],
    ['grouped Conv2d', 18, () => new Conv2d(4, 300, 3, { groups: 2 })],
  ])('%s: weight and bias within ±1/√fanIn', async (_name, fanIn, make) => {
    const { weight, bias } = make()
    const bound = 1 / Math.sqrt(fanIn)
    for (const parameter of [weight, bias!]) {
      const { peak } = await moments(parameter)
      expect(peak).toBeLessThanOrEqual(bound * (1 + 1e-6))
      expect(peak).toBeGreaterThan(bound * 0.97)
    }
  })
})
