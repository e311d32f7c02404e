import { describe, expect, it } from 'vitest'
import type { Dataset } from './dataset.ts'
import { DatasetError } from './errors.ts'
import { DataLoader } from './loader.ts'
import { padFields, padSequences } from './padding.ts'

const sequences = [Int32Array.of(1, 2, 3), Int32Array.of(), Int32Array.of(4)]

describe('padSequences', () => {
  it('fills up to the longest, and says what is filling', () => {
    expect(padSequences(sequences, { paddingValue: -1 })).toEqual({
      data: { data: Int32Array.of(1, 2, 3, -1, -1, -1, 4, -1, -1), shape: [3, 3] },
      lengths: { data: Int32Array.of(3, 0, 1), shape: [3] },
      mask: { data: Uint8Array.of(1, 1, 1, 0, 0, 0, 1, 0, 0), shape: [3, 3], dtype: 'bool' },
    })
  })

  it.each([
    [{}, 3],
    [{ length: 5 }, 5],
    [{ multipleOf: 8 }, 8],
    [{ multipleOf: 3 }, 3],
    [{ length: 5, multipleOf: 4 }, 8],
  ])('with %j makes a length of %i', (options, length) => {
    expect(padSequences(sequences, options).data.shape).toEqual([3, length])
  })

  it('keeps the kind of numbers, and takes sequences that are all empty', () => {
    expect(padSequences([Float32Array.of(0.5)], { length: 2 }).data.data).toEqual(Float32Array.of(0.5, 0))
    expect(padSequences([Int32Array.of(), Int32Array.of()], { multipleOf: 8 }).data).toEqual({ data: new Int32Array(0), shape: [2, 0] })
  })

  it('refuses what does not fit', () => {
    expect(() => padSequences([])).toThrow(DatasetError)
    expect(() => padSequences(sequences, { length: 2 })).toThrow('a sequence of 3 does not fit into a length of 2; cut it, or raise length')
    expect(() => padSequences([Int32Array.of(1), Float32Array.of(1)])).toThrow(/sequence 1 is a Float32Array and the first a Int32Array/)
    for (const wrong of [0, 1.5, Number.NaN]) expect(() => padSequences(sequences, { multipleOf: wrong })).toThrow(/multipleOf/)
    for (const wrong of [-1, 1.5]) expect(() => padSequences(sequences, { length: wrong })).toThrow(/length must be/)
  })
})

const allOf = async <T>(batches: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const batch of batches) all.push(batch)
  return all
}

const pairs: Dataset<'source' | 'target' | 'weight'> = {
  length: 3,
  get: (index) => ({ source: sequences[index]!, target: { data: Int32Array.of(7, index), shape: [2] }, weight: index }),
}

describe('a loader with padFields', () => {
  it('pads some fields and stacks the others', async () => {
    const loader = new DataLoader(pairs, {
      batchSize: 2,
      collate: padFields({ source: { multipleOf: 4 }, target: { paddingValue: 9, length: 3 } }),
    })
    const [first, second] = await allOf(loader)
    expect(Object.keys(first!).sort()).toEqual(['source', 'sourceLengths', 'sourceMask', 'target', 'targetLengths', 'targetMask', 'weight'])
    expect(first!.source.shape).toEqual([2, 4])
    expect([...(await first!.source.data())]).toEqual([1, 2, 3, 0, 0, 0, 0, 0])
    expect([...(await first!.sourceLengths.data())]).toEqual([3, 0])
    expect([first!.sourceMask.dtype, first!.sourceLengths.dtype, first!.weight.dtype]).toEqual(['bool', 'int32', 'float32'])
    expect(Array.from(await first!.sourceMask.data(), Number)).toEqual([1, 1, 1, 0, 0, 0, 0, 0])
    expect([...(await first!.target.data())]).toEqual([7, 0, 9, 7, 1, 9])
    expect([...(await second!.weight.data())]).toEqual([2])
  })

  it('works where the items come later, and when all fields are padded', async () => {
    const slow: Dataset<'source'> = { length: 3, get: async (index) => ({ source: sequences[index]! }) }
    const [batch] = await allOf(new DataLoader(slow, { batchSize: 3, collate: padFields({ source: {} }) }))
    expect(batch!.source.shape).toEqual([3, 3])
    expect(Object.keys(batch!)).toEqual(['source', 'sourceLengths', 'sourceMask'])
  })

  it('names a field that is not there or is no vector', async () => {
    const load = (name: 'weight'): Promise<unknown> => allOf(new DataLoader(pairs, { collate: padFields({ [name]: {} }) }))
    await expect(load('weight')).rejects.toThrow(/the field 'weight' should be a vector of numbers, and an item holds something else there/)
    await expect(load('other' as never)).rejects.toThrow(/the field 'other' .* an item has only source, target, weight/)
  })

  it('can be a part of a collate of its own, which draws as the seed says', async () => {
    const pad = padFields({ source: {}, target: {} })
    const draws: number[] = []
    const loader = new DataLoader(pairs, {
      batchSize: 3,
      collate: (items, { random }) => {
        draws.push(random())
        return { mask: pad(items).sourceMask }
      },
    })
    for (let time = 0; time < 2; time++) {
      loader.state = { epoch: 0, position: 0 }
      const [batch] = await allOf(loader)
      expect(batch!.mask.dtype).toBe('bool')
    }
    expect(draws[0]).toBe(draws[1])
  })
})
