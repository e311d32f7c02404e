import { tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Embedding, Module } from './index.ts'

describe('Embedding', () => {
  it('gives the row of each index', async () => {
    const embedding = Embedding.fromPretrained(tensor([10, 11, 20, 21, 30, 31], [3, 2]))
    expect(await embedding.forward(tensor(Int32Array.of(2, 0, 2))).toArray()).toEqual([
      [30, 31],
      [10, 11],
      [30, 31],
    ])
    expect(embedding.forward(tensor(Int32Array.of(1), [1, 1])).shape).toEqual([1, 1, 2])
    expect(embedding.forward(tensor(Int32Array.of(1), [])).shape).toEqual([2])
    expect(embedding.forward(tensor(new Int32Array(0), [4, 0])).shape).toEqual([4, 0, 2])
  })

  it('begins as N(0, 1), with zeros in the row for padding', async () => {
    const embedding = new Embedding(400, 50, { paddingIdx: -1 })
    expect(embedding.paddingIdx).toBe(399)
    const values = [...(await embedding.weight.data())]
    expect(values.slice(-50)).toEqual(new Array(50).fill(0))
    const squares = values.slice(0, -50).reduce((sum, x) => sum + x * x, 0)
    expect(squares / (399 * 50)).toBeCloseTo(1, 1)
    expect(String(embedding)).toBe('Embedding(400, 50, paddingIdx=399)')
  })

  it('made of learned rows is frozen unless told otherwise, and keeps the row for padding', async () => {
    const rows = tensor([1, 2, 3, 4], [2, 2])
    const frozen = Embedding.fromPretrained(rows, { paddingIdx: 0 })
    expect(frozen.weight.requiresGrad).toBe(false)
    expect(await frozen.forward(tensor(Int32Array.of(0))).toArray()).toEqual([[1, 2]])
    expect(Embedding.fromPretrained(rows, { freeze: false }).weight.requiresGrad).toBe(true)
    expect(() => Embedding.fromPretrained(zeros([3]))).toThrow('[numEmbeddings, embeddingDim], got [3]')
  })

  it('says which index does not exist, and where', () => {
    class Net extends Module {
      readonly words: Embedding = new Embedding(3, 2)
      forward(...ids: number[]): unknown {
        return this.words.forward(tensor(Int32Array.from(ids)))
      }
    }
    expect(() => new Net().forward(1, 3)).toThrow('words (Embedding): index 3 is not among the 3 rows 0 … 2')
    expect(() => new Net().forward(-1)).toThrow('words (Embedding): index -1 is not among the 3 rows')
    expect(() => new Embedding(3, 2).forward(zeros([2]))).toThrow('takes indices as int32, got float32')
    expect(() => new Embedding(3, 2, { paddingIdx: 3 })).toThrow('paddingIdx 3 is not among the 3 rows')
  })
})
