import { DTypeError, manualSeed, randn, ShapeError, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { LearnedPositionalEncoding, PositionalEncoding, rotaryEmbedding, sinusoidalEncoding } from './index.ts'

const at = (position: number) => tensor(Int32Array.of(position), [])

describe('sinusoidalEncoding', () => {
  it('is sin and cos of p · 10000^(−2i / dim), for an odd number of features too', async () => {
    for (const dim of [6, 5, 1]) {
      const expected = Array.from({ length: 4 * dim }, (_, n) => {
        const [p, j] = [Math.floor(n / dim), n % dim]
        const angle = p * 10_000 ** (-(j - (j % 2)) / dim)
        return expect.closeTo(j % 2 === 0 ? Math.sin(angle) : Math.cos(angle), 5)
      })
      expect(Array.from(await sinusoidalEncoding(4, dim).data())).toEqual(expected)
    }
  })

  it('begins where it is told, by a number or a tensor', async () => {
    const rows = await sinusoidalEncoding(7, 4).slice(0, 5).data()
    expect(await sinusoidalEncoding(2, 4, { offset: 5 }).data()).toEqual(rows)
    expect(await sinusoidalEncoding(2, 4, { offset: at(5) }).data()).toEqual(rows)
    expect(() => sinusoidalEncoding(2, 4, { offset: -1 })).toThrow(RangeError)
    expect(() => sinusoidalEncoding(2, 4, { offset: zeros([]) })).toThrow(DTypeError)
    expect(() => sinusoidalEncoding(2, 4, { offset: zeros([2], { dtype: 'int32' }) })).toThrow(ShapeError)
  })
})

describe('PositionalEncoding and LearnedPositionalEncoding', () => {
  it('add a row for each position, wherever the batch is', async () => {
    manualSeed(0)
    const learned = new LearnedPositionalEncoding(6, 4)
    const first = new LearnedPositionalEncoding(6, 4, { batchFirst: true })
    first.loadStateDict(learned.stateDict())
    const x = randn([3, 2, 4])
    for (const [sequenceFirst, batchFirst, rows] of [
      [learned, first, learned.weight.slice(0, 2, 5)],
      [new PositionalEncoding(4).eval(), new PositionalEncoding(4, { batchFirst: true }).eval(), sinusoidalEncoding(3, 4, { offset: 2 })],
    ] as const) {
      const expected = await x.add(rows.unsqueeze(1)).data()
      for (const offset of [2, at(2)]) {
        expect(await sequenceFirst.forward(x, { offset }).data()).toEqual(expected)
        expect(await batchFirst.forward(x.transpose(0, 1), { offset }).transpose(0, 1).data()).toEqual(expected)
        expect(await sequenceFirst.forward(x.select(1, 0), { offset }).data()).toEqual(await x.select(1, 0).add(rows).data())
      }
    }
  })

  it('drop while training', async () => {
    manualSeed(1)
    const y = await new PositionalEncoding(8, { dropout: 0.5 }).forward(zeros([20, 1, 8]).add(5)).data()
    expect(y.filter((v) => v === 0).length).toBeGreaterThan(40)
  })

  it('say what does not fit', () => {
    const learned = new LearnedPositionalEncoding(6, 4)
    expect(() => learned.forward(zeros([7, 1, 4]))).toThrow(
      new RangeError('LearnedPositionalEncoding has 6 positions; 7 from 0 on do not fit'),
    )
    expect(() => learned.forward(zeros([2, 1, 4]), { offset: 5 })).toThrow('2 from 5 on do not fit')
    expect(() => learned.forward(zeros([2, 1, 4]), { offset: at(5) })).toThrow('2 from 5 on do not fit')
    expect(() => learned.forward(zeros([2, 1, 5]))).toThrow(new ShapeError('LearnedPositionalEncoding expects [T, N, 4], got [2, 1, 5]'))
    expect(() => new PositionalEncoding(4, { batchFirst: true }).forward(zeros([4]))).toThrow(
      'PositionalEncoding expects [N, T, 4], got [4]',
    )
  })
})

describe('rotaryEmbedding', () => {
  it('turns pairs of features by the angle of their position', async () => {
    const angles = [0, 1].flatMap((p) => [p, p * 10_000 ** -0.5])
    const turned = (pairs: readonly (readonly [number, number])[]): unknown[] =>
      [0, 1].flatMap((p) => {
        const row: number[] = []
        pairs.forEach(([a, b], i) => {
          const angle = angles[2 * p + i]!
          const x = [1, 2, 3, 4]
          row[a] = x[a]! * Math.cos(angle) - x[b]! * Math.sin(angle)
          row[b] = x[b]! * Math.cos(angle) + x[a]! * Math.sin(angle)
        })
        return row.map((v) => expect.closeTo(v, 5))
      })
    const x = tensor([1, 2, 3, 4, 1, 2, 3, 4], [2, 4])
    expect(Array.from(await rotaryEmbedding(x).data())).toEqual(
      turned([
        [0, 2],
        [1, 3],
      ]),
    )
    expect(Array.from(await rotaryEmbedding(x, { interleaved: true }).data())).toEqual(
      turned([
        [0, 1],
        [2, 3],
      ]),
    )
  })

  it('makes products depend on distances alone, and continues at an offset', async () => {
    manualSeed(2)
    const [q, k] = [randn([1, 8]), randn([1, 8])]
    for (const interleaved of [false, true]) {
      const product = (p: number, s: number): Promise<number> =>
        rotaryEmbedding(q, { offset: p, interleaved })
          .matmul(rotaryEmbedding(k, { offset: s, interleaved }).transpose(0, 1))
          .item()
      expect(await product(3, 1)).toBeCloseTo(await product(12, 10), 4)
      expect(Math.abs((await product(3, 1)) - (await product(3, 2)))).toBeGreaterThan(1e-3)
    }
    const x = randn([2, 3, 5, 8])
    const tail = await rotaryEmbedding(x, { base: 500 }).slice(2, 3).data()
    expect(await rotaryEmbedding(x.slice(2, 3), { offset: 3, base: 500 }).data()).toEqual(tail)
    expect(await rotaryEmbedding(x.slice(2, 3), { offset: at(3), base: 500 }).data()).toEqual(tail)
  })

  it('says what does not fit', () => {
    expect(() => rotaryEmbedding(zeros([4, 5]))).toThrow(new ShapeError('rotaryEmbedding takes [..., T, d] with an even d, got [4, 5]'))
    expect(() => rotaryEmbedding(zeros([4]))).toThrow(ShapeError)
    expect(() => rotaryEmbedding(zeros([4, 4], { dtype: 'int32' }))).toThrow(DTypeError)
  })
})
