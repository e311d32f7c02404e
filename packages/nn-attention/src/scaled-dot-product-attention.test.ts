import { DTypeError, manualSeed, randn, ShapeError, type Tensor, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { scaledDotProductAttention } from './index.ts'

const bools = (shape: readonly number[], ...values: number[]): Tensor => tensor(Uint8Array.from(values), shape, { dtype: 'bool' })

/** As the formula says, one number after the other; `sees` says who sees whom. */
function reference(q: number[][], k: number[][], v: number[][], sees: (t: number, s: number) => boolean, scale: number): number[][] {
  return q.map((query, t) => {
    const e = k.map((key, s) => (sees(t, s) ? Math.exp(scale * query.reduce((sum, x, i) => sum + x * key[i]!, 0)) : 0))
    const total = e.reduce((a, b) => a + b, 0)
    return v[0]!.map((_, d) => (total === 0 ? 0 : v.reduce((sum, value, s) => sum + (e[s]! / total) * value[d]!, 0)))
  })
}

describe('scaledDotProductAttention', () => {
  manualSeed(0)
  const [q, k, v] = [randn([4, 3]), randn([6, 3]), randn([6, 2])]
  const lists = async (): Promise<number[][][]> => (await Promise.all([q, k, v].map((x) => x.toArray()))) as number[][][]
  const close = (rows: number[][]): unknown => rows.map((row) => row.map((x) => expect.closeTo(x, 5)))

  it('is softmax(q kᵀ / √d) v', async () => {
    const [a, b, c] = (await lists()) as [number[][], number[][], number[][]]
    expect(await scaledDotProductAttention(q, k, v).toArray()).toEqual(close(reference(a, b, c, () => true, 1 / Math.sqrt(3))))
    expect(await scaledDotProductAttention(q, k, v, { scale: 2 }).toArray()).toEqual(close(reference(a, b, c, () => true, 2)))
  })

  it('lets take part who is true in a bool mask, and nobody later than the query if it is causal', async () => {
    const [a, b, c] = (await lists()) as [number[][], number[][], number[][]]
    const odd = bools([1, 6], 0, 1, 0, 1, 0, 1)
    const root = 1 / Math.sqrt(3)
    expect(await scaledDotProductAttention(q, k, v, { mask: odd }).toArray()).toEqual(
      close(reference(a, b, c, (_, s) => s % 2 === 1, root)),
    )
    expect(await scaledDotProductAttention(q, k, v, { isCausal: true }).toArray()).toEqual(
      close(reference(a, b, c, (t, s) => s <= t, root)),
    )
    const both = await scaledDotProductAttention(q, k, v, { mask: odd, isCausal: true }).toArray()
    expect(both).toEqual(close(reference(a, b, c, (t, s) => s <= t && s % 2 === 1, root)))
    expect((both as number[][])[0]).toEqual([0, 0]) // the first query sees no key
  })

  it('adds a float mask to the scores, whose −∞ takes a key out, everywhere too', async () => {
    const out = tensor([0, Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 0, 0], [1, 6])
    const masked = await scaledDotProductAttention(q, k, v, { mask: bools([1, 6], 1, 0, 1, 0, 1, 1) }).data()
    expect(await scaledDotProductAttention(q, k, v, { mask: out }).data()).toEqual(masked)
    const shifted = await scaledDotProductAttention(q, k, v, { mask: out.add(3) }).toArray()
    expect(shifted).toEqual(close((await scaledDotProductAttention(q, k, v, { mask: out }).toArray()) as number[][]))
    const none = scaledDotProductAttention(q, k, v, { mask: zeros([4, 6]).sub(Number.POSITIVE_INFINITY) })
    expect((await none.data()).every((x) => x === 0)).toBe(true)
  })

  it('shows a NaN in what takes part, and none in a masked key', async () => {
    const broken = tensor([Number.NaN, 0, 0, 1, 1, 1], [2, 3])
    const attend = (...mask: number[]): Promise<ArrayLike<number>> =>
      scaledDotProductAttention(q, broken, v.slice(0, 0, 2), { mask: bools([1, 2], ...mask) }).data()
    expect(Array.from(await attend(1, 1)).every(Number.isNaN)).toBe(true)
    expect(Array.from(await attend(0, 1)).every(Number.isFinite)).toBe(true)
  })

  it('broadcasts leading dimensions, and takes no queries, no keys and one key', async () => {
    expect(scaledDotProductAttention(zeros([2, 1, 4, 3]), zeros([5, 6, 3]), zeros([5, 6, 2])).shape).toEqual([2, 5, 4, 2])
    expect(scaledDotProductAttention(zeros([0, 3]), k, v).shape).toEqual([0, 2])
    expect(Array.from(await scaledDotProductAttention(q, zeros([0, 3]), zeros([0, 2])).data())).toEqual(new Array(8).fill(0))
    expect(Array.from(await scaledDotProductAttention(q, k.slice(0, 0, 1), tensor([[7, 8]])).data())).toEqual([7, 8, 7, 8, 7, 8, 7, 8])
  })

  it('keeps the mean of what it drops, and drops everything where asked', async () => {
    manualSeed(4)
    const ones = zeros([1, 4000, 1]).add(1)
    const y = await scaledDotProductAttention(zeros([1, 5, 3]), zeros([1, 4000, 3]), ones, { dropout: 0.25 }).data()
    for (const x of y) expect(Math.abs(x - 1)).toBeLessThan(0.05)
    expect(new Set(y).size).toBeGreaterThan(1)
    expect(Array.from(await scaledDotProductAttention(q, k, v, { dropout: 1 }).data()).every((x) => x === 0)).toBe(true)
  })

  it('says what does not fit', () => {
    const shapes = 'scaledDotProductAttention takes q [..., T, d], k [..., S, d] and v [..., S, e], got [4, 3], [6, 2], [6, 2]'
    expect(() => scaledDotProductAttention(q, v, v)).toThrow(new ShapeError(shapes))
    expect(() => scaledDotProductAttention(q, k, v.slice(0, 0, 5))).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(zeros([3]), k, v)).toThrow(ShapeError)
    expect(() => scaledDotProductAttention(q.cast('int32'), k, v)).toThrow(DTypeError)
    const attend = (mask: Tensor) => () => scaledDotProductAttention(q, k, v, { mask })
    expect(attend(zeros([4, 5]))).toThrow('takes a mask that broadcasts to its scores, [4, 6], got [4, 5]')
    expect(attend(zeros([2, 4, 6]))).toThrow(ShapeError)
    expect(attend(zeros([4, 6], { dtype: 'int32' }))).toThrow('takes masks that are bool or float, got int32')
    expect(() => scaledDotProductAttention(q, k, v, { dropout: 1.5 })).toThrow(RangeError)
  })
})
