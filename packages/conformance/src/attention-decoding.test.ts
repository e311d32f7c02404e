/** Decoding with a cache is what decoding without one is, in one program for all positions. */
import { cpu } from '@tenon/backend-cpu'
import { GPT, KVCache, LearnedPositionalEncoding, scaledDotProductAttention } from '@tenon/nn-attention'
import { counters, DTypeError, jit, manualSeed, randn, ShapeError, type Tensor, tensor, useBackend, zeros } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

const int = (...values: number[]): Int32Array => Int32Array.from(values)
const at = (position: number): Tensor => tensor(int(position), [])

/** Weights far enough apart that every token gets one of its own. */
function decoder(): GPT {
  const model = new GPT({ vocabSize: 17, blockSize: 40, nLayer: 2, nHead: 2, nEmbd: 16 })
  for (const parameter of model.parameters()) parameter.assign(parameter.mul(8))
  return model.eval()
}

const argmax = (scores: ArrayLike<number>): number => Array.from(scores).indexOf(Math.max(...Array.from(scores)))

describe.each(backends)('decoding on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })
  beforeEach(() => manualSeed(3))

  test.each([
    ['as it comes', (f: (token: Tensor, position: Tensor) => Tensor) => f],
    ['captured, as one program', jit],
  ])('thirty tokens have the logits that they have without a cache: %s', async (_, wrap) => {
    const model = decoder()
    const caches = model.kvCaches(1)
    const step = wrap((token: Tensor, position: Tensor) => model.forward(token, { caches, position }))
    const tokens = [5]
    let planned = 0
    const buffers = new Set<unknown>()
    for (let i = 0; i < 30; i++) {
      const before = counters.plans
      const logits = await step(tensor(int(tokens[i]!), [1, 1]), at(i)).data()
      if (i > 0) planned += counters.plans - before
      buffers.add(caches[0]!.keys.state.memory.buffer)
      const whole = await model.forward(tensor(int(...tokens), [1, i + 1])).data()
      const last = whole.slice(-17)
      expect(difference(logits, last, { rtol: 1e-5 })).toBe(null)
      expect(argmax(logits)).toBe(argmax(last))
      tokens.push(argmax(logits))
    }
    expect(new Set(tokens).size).toBeGreaterThan(4)
    if (wrap === jit) expect(planned).toBe(0)
    expect(buffers.size).toBe(1) // written in place
  })

  test('several tokens at once are as many one after the other', async () => {
    const model = decoder()
    const tokens = tensor(int(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), [2, 5])
    const expected = await model.forward(tokens).data()
    for (const parts of [[5], [3, 2], [1, 3, 1]]) {
      const caches = model.kvCaches(2, 5)
      let position = 0
      const rows: number[][][][] = []
      for (const part of parts) {
        const logits = model.forward(tokens.slice(1, position, position + part), { caches, position: at(position) })
        rows.push((await logits.toArray()) as number[][][])
        position += part
      }
      const joined = [0, 1].flatMap((n) => rows.flatMap((y) => y[n]!.flat()))
      expect(difference(joined, expected, { rtol: 1e-5 })).toBe(null)
    }
  })

  test('generate takes the likeliest tokens at temperature 0, and the same draws for the same seed', async () => {
    const model = decoder()
    const start = tensor(int(5, 7), [2, 1])
    const greedy = (await model.generate(start, 20, { temperature: 0 }).toArray()) as number[][]
    for (const [n, row] of greedy.entries()) {
      expect(row[0]).toBe([5, 7][n])
      const scores = (await model.forward(tensor(int(...row), [1, 21])).toArray()) as number[][][]
      expect(row.slice(1)).toEqual(scores[0]!.slice(0, -1).map(argmax))
    }
    const drawn = async (seed: number): Promise<number[]> => {
      manualSeed(seed)
      return Array.from(await model.generate(start, 30).data())
    }
    const first = await drawn(1)
    expect(await drawn(1)).toEqual(first)
    expect(await drawn(2)).not.toEqual(first)
    expect(first.every((token) => token >= 0 && token < 17)).toBe(true)
  })

  test('generate draws tokens as often as their softmax says', async () => {
    const model = new GPT({ vocabSize: 3, blockSize: 2, nLayer: 1, nHead: 1, nEmbd: 2, tieWeights: false })
    model.transformer.lnF.bias!.assign(tensor([1, 0]))
    model.transformer.lnF.weight!.assign(0)
    model.lmHead.weight.assign(tensor([Math.log(0.5), 0, Math.log(0.3), 0, Math.log(0.2), 0], [3, 2]))
    const tokens = await model.generate(zeros([2000, 1], { dtype: 'int32' }), 1).data()
    const share = (token: number): number => tokens.filter((t, i) => i % 2 === 1 && t === token).length / 2000
    for (const [token, p] of [0.5, 0.3, 0.2].entries()) expect(Math.abs(share(token) - p)).toBeLessThan(0.04)
  })

  test('a position beyond the capacity is an error on the host', () => {
    const caches = decoder().kvCaches(1, 3)
    const append = (count: number, position: Tensor): unknown =>
      caches[0]!.append(zeros([1, 2, count, 8]), zeros([1, 2, count, 8]), position)
    expect(() => append(1, at(3))).toThrow(
      new RangeError('KVCache has 3 positions: one token at position 3 do not fit; give it a larger capacity, or begin anew at 0'),
    )
    expect(() => append(2, at(2))).toThrow('2 tokens at position 2 do not fit')
    expect(() => append(1, at(-1))).toThrow('one token at position -1')
    expect(() => append(4, at(0))).toThrow(RangeError)
    append(3, zeros([], { dtype: 'int32' }))
  })

  test('… and NaN until the cache is reset where only the device knows it', async () => {
    const cache = new KVCache(1, 1, 3, 2)
    const step = jit((x: Tensor, position: Tensor) => {
      const { keys, values, mask } = cache.append(x, x, position)
      return scaledDotProductAttention(x, keys, values, { mask })
    })
    const x = randn([1, 1, 1, 2])
    const finite = async (position: number): Promise<boolean> => (await step(x, at(position)).data()).every(Number.isFinite)
    expect([await finite(0), await finite(2)]).toEqual([true, true])
    expect([await finite(3), await finite(1)]).toEqual([false, false])
    cache.reset()
    expect(await finite(0)).toBe(true)
    expect(await finite(-1)).toBe(false)
  })

  test('a learned position beyond the last is NaN where only the device knows it', async () => {
    const positions = new LearnedPositionalEncoding(4, 2)
    const rows = jit((x: Tensor, offset: Tensor) => positions.forward(x, { offset }))
    const weight = await positions.weight.data()
    expect(Array.from(await rows(zeros([2, 2]), at(1)).data())).toEqual(Array.from(weight.slice(2, 6)))
    expect(Array.from(await rows(zeros([2, 2]), at(3)).data())).toEqual([weight[6], weight[7], Number.NaN, Number.NaN])
  })
})

describe('what caches refuse', () => {
  beforeAll(async () => {
    await useBackend(cpu())
  })

  test('keys of another shape, positions that are none', () => {
    const cache = new KVCache(2, 2, 4, 3)
    const x = zeros([2, 2, 1, 3])
    expect(() => cache.append(zeros([2, 1, 1, 3]), x, at(0))).toThrow(
      new ShapeError('KVCache takes keys and values [2, 2, T, 3], got [2, 1, 1, 3] and [2, 2, 1, 3]'),
    )
    expect(() => cache.append(x, zeros([2, 2, 2, 3]), at(0))).toThrow(ShapeError)
    expect(() => cache.append(x, x, zeros([]))).toThrow(DTypeError)
    expect(() => cache.append(x, x, tensor(int(0)))).toThrow('KVCache takes one position, of shape [], got [1]')
  })

  test('caches without a position, too few of them, too long ones, too many new tokens', () => {
    const model = decoder()
    const token = zeros([1, 1], { dtype: 'int32' })
    expect(() => model.forward(token, { caches: model.kvCaches(1) })).toThrow('GPT takes caches and a position together, got no position')
    expect(() => model.forward(token, { position: at(0) })).toThrow('got no caches')
    expect(() => model.forward(token, { caches: [], position: at(0) })).toThrow('a cache for each of its 2 blocks, got 0')
    expect(() => model.kvCaches(1, 41)).toThrow('GPT has 40 positions, so a cache of 41 is of no use')
    expect(() => model.generate(token, 40)).toThrow('40 in all (its blockSize), got 1 given and 40 new ones')
    expect(() => model.generate(token, 2, { temperature: -1 })).toThrow('temperature ≥ 0, got -1')
  })
})
