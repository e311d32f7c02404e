import { DTypeError, manualSeed, randn, ShapeError, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { AdditiveAttention } from './index.ts'

describe('AdditiveAttention', () => {
  manualSeed(0)
  const layer = new AdditiveAttention(3, 4, 5)
  const [query, keys, values] = [randn([2, 3]), randn([2, 6, 4]), randn([2, 6, 2])]

  it('weighs each key by vᵀ tanh(W q + U k)', async () => {
    const rows = async (weight: { toArray(): Promise<unknown> }): Promise<number[][]> => (await weight.toArray()) as number[][]
    const [w, u] = [await rows(layer.queryProj.weight), await rows(layer.keyProj.weight)]
    const [[v], q] = [await rows(layer.scoreProj.weight), await rows(query)]
    const [k, x] = [(await keys.toArray()) as number[][][], (await values.toArray()) as number[][][]]
    const dot = (a: number[], b: number[]): number => a.reduce((sum, n, i) => sum + n * b[i]!, 0)
    const expected = q.map((row, n) => {
      const e = k[n]!.map((key) => Math.exp(v!.reduce((sum, c, a) => sum + c * Math.tanh(dot(w[a]!, row) + dot(u[a]!, key)), 0)))
      const total = e.reduce((a, b) => a + b)
      return [e.map((p) => p / total), [0, 1].map((d) => e.reduce((sum, p, s) => sum + (p / total) * x[n]![s]![d]!, 0))]
    })
    const { context, weights } = layer.forward(query, keys, { values })
    const close = (list: number[][]): unknown => list.map((row) => row.map((value) => expect.closeTo(value, 5)))
    expect(await weights.toArray()).toEqual(close(expected.map(([p]) => p!)))
    expect(await context.toArray()).toEqual(close(expected.map(([, c]) => c!)))
  })

  it('takes keys as values, several queries at once, and keys that are projected before', async () => {
    const { context, weights } = layer.forward(query, keys)
    expect([context.shape, weights.shape]).toEqual([
      [2, 4],
      [2, 6],
    ])
    const several = layer.forward(query.unsqueeze(1).expand([2, 3, 3]), keys)
    expect([several.context.shape, several.weights.shape]).toEqual([
      [2, 3, 4],
      [2, 3, 6],
    ])
    expect(await several.context.select(1, 2).data()).toEqual(await context.data())
    const projected = layer.forward(query, keys, { projectedKeys: layer.projectKeys(keys) })
    expect(await projected.context.data()).toEqual(await context.data())
  })

  it('leaves out masked keys, all of them too', async () => {
    const mask = tensor(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), [2, 6], { dtype: 'bool' })
    const { context, weights } = layer.forward(query, keys, { mask })
    const [first, second] = (await weights.toArray()) as number[][]
    expect(first!.slice(0, 2).reduce((a, b) => a + b)).toBeCloseTo(1, 5)
    expect([...first!.slice(2), ...second!]).toEqual(new Array(10).fill(0))
    expect(Array.from(await context.select(0, 1).data())).toEqual([0, 0, 0, 0])
  })

  it('says what does not fit', () => {
    const message = 'AdditiveAttention expects a query [N, 3] or [N, T, 3] and keys [N, S, 4], got [2, 4] and [2, 6, 4]'
    expect(() => layer.forward(zeros([2, 4]), keys)).toThrow(new ShapeError(message))
    expect(() => layer.forward(zeros([3, 3]), keys)).toThrow(ShapeError)
    expect(() => layer.forward(query, keys, { values: zeros([2, 5, 2]) })).toThrow(
      'expects values [2, 6, valueDim], one for each key, got [2, 5, 2]',
    )
    expect(() => layer.forward(query, keys, { mask: zeros([2, 5]).eq(0) })).toThrow('expects a mask [2, 6], one for each key, got [2, 5]')
    expect(() => layer.forward(query, keys, { mask: zeros([2, 6]) })).toThrow(DTypeError)
  })
})
