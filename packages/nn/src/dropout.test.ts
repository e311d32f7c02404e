import { Generator, jit, manualSeed, ones, type Tensor } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Dropout, Dropout2d } from './index.ts'

const zerosIn = async (x: Tensor): Promise<number> => (await x.data()).filter((value) => value === 0).length

describe('Dropout', () => {
  it('drops the share p, and scales the rest so that the mean stays', async () => {
    manualSeed(1)
    const y = await new Dropout(0.25).forward(ones([100, 100])).data()
    expect(new Set(y)).toEqual(new Set([0, Math.fround(4 / 3)]))
    expect(y.filter((value) => value === 0).length / y.length).toBeCloseTo(0.25, 1)
  })

  it('is the identity in eval, and for p = 0', () => {
    const x = ones([3])
    expect(new Dropout(0.9).eval().forward(x)).toBe(x)
    expect(new Dropout(0).forward(x)).toBe(x)
  })

  it('drops everything for p = 1, without NaN', async () => {
    expect(await new Dropout(1).forward(ones([3]).div(0)).toArray()).toEqual([0, 0, 0])
  })

  it('differs from call to call and repeats with the seed', async () => {
    const layer = new Dropout()
    const draw = async (): Promise<string> => String(await layer.forward(ones([64])).data())
    manualSeed(5)
    const [a, b] = [await draw(), await draw()]
    expect(a).not.toBe(b)
    manualSeed(5)
    expect([await draw(), await draw()]).toEqual([a, b])
  })

  it('differs from call to call under jit too, with the numbers that it has without', async () => {
    const layer = new Dropout(0.5)
    const plain = async (): Promise<string> => String(await layer.forward(ones([64])).data())
    const compiled = jit((x: Tensor) => layer.forward(x))
    const captured = async (): Promise<string> => String(await compiled(ones([64])).data())
    manualSeed(9)
    const expected = [await plain(), await plain(), await plain()]
    expect(new Set(expected).size).toBe(3)
    manualSeed(9)
    expect([await captured(), await captured(), await captured()]).toEqual(expected)
  })

  it('heeds eval() after a capture', async () => {
    const layer = new Dropout(0.5)
    const step = jit((x: Tensor) => layer.forward(x))
    expect(await zerosIn(step(ones([256])))).toBeGreaterThan(64)
    layer.eval()
    expect(await zerosIn(step(ones([256])))).toBe(0)
    layer.train()
    expect(await zerosIn(step(ones([256])))).toBeGreaterThan(64)
  })

  it('draws from a generator of its own where it has one', async () => {
    const draw = async (seed: number): Promise<string> => {
      const layer = new Dropout(0.5, { generator: new Generator(seed) })
      return String(await layer.forward(ones([64])).data())
    }
    expect(await draw(4)).toBe(await draw(4))
    expect(await draw(4)).not.toBe(await draw(5))
    expect(new Dropout(0.5, { generator: new Generator(1) }).stateDict()).toEqual({})
  })

  it('refuses what is no probability', () => {
    expect(() => new Dropout(1.5)).toThrow('between 0 and 1, got 1.5')
    expect(() => new Dropout(Number.NaN)).toThrow('between 0 and 1, got NaN')
  })
})

describe('Dropout2d', () => {
  it('drops whole channels of each sample, and scales the rest', async () => {
    manualSeed(4)
    const y = await new Dropout2d(0.25).forward(ones([40, 30, 3, 2])).data()
    const channels = Array.from({ length: 1200 }, (_, i) => new Set(y.slice(6 * i, 6 * i + 6)))
    expect(channels.every((values) => values.size === 1)).toBe(true)
    expect(new Set(y)).toEqual(new Set([0, Math.fround(4 / 3)]))
    expect(channels.filter((values) => values.has(0)).length / 1200).toBeCloseTo(0.25, 1)
  })

  it('takes sequences too, is the identity in eval, and refuses other shapes in both modes', async () => {
    const y = await new Dropout2d(0.5).forward(ones([20, 20, 2])).data()
    expect(y.every((value, i) => value === y[i - (i % 2)])).toBe(true)
    const x = ones([1, 2, 3])
    expect(new Dropout2d().eval().forward(x)).toBe(x)
    expect(() => new Dropout2d().forward(ones([2, 3]))).toThrow('Dropout2d expects [N, C, H, W] or [N, C, L], got [2, 3]')
    expect(() => new Dropout2d().eval().forward(ones([2, 3]))).toThrow('Dropout2d expects')
    expect(() => new Dropout2d(1.5)).toThrow('Dropout2d takes a probability between 0 and 1, got 1.5')
  })
})
