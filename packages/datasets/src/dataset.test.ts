import { describe, expect, it } from 'vitest'
import { collate } from './collate.ts'
import { arrayDataset, type Dataset, mapDataset, subset } from './dataset.ts'
import { DatasetError } from './errors.ts'

/** Four images of 1 × 2 and their labels. */
const small = arrayDataset({
  images: { data: Uint8Array.of(0, 1, 10, 11, 20, 21, 30, 31), shape: [4, 1, 2] },
  labels: Int32Array.of(0, 10, 20, 30),
})

describe('arrayDataset', () => {
  it('gives items as views and knows its length', () => {
    expect(small.length).toBe(4)
    expect(small.get(2)).toEqual({
      images: { data: Uint8Array.of(20, 21), shape: [1, 2] },
      labels: { data: Int32Array.of(20), shape: [] },
    })
    expect(small.get(2).images.data.buffer).toBe(small.columns.images.data.buffer)
  })

  it('refuses fields that do not fit together, by name', () => {
    expect(() => arrayDataset({ x: new Float32Array(3), y: new Float32Array(4) })).toThrow(/x 3, y 4/)
    expect(() => arrayDataset({ x: { data: new Float32Array(5), shape: [2, 3] } })).toThrow(/field 'x' has 5 numbers.*\[2, 3\]/)
    expect(() => arrayDataset({})).toThrow(DatasetError)
  })

  it('refuses an index that is not there', () => {
    for (const index of [-1, 4, 0.5, Number.NaN]) expect(() => small.get(index)).toThrow(/item .* does not exist: the dataset has 4/)
    expect(() => collate(small, Int32Array.of(1, 9))).toThrow(/item 9 does not exist/)
  })
})

describe('collate', () => {
  it('gathers in the order asked for, with repeats, into arrays of the same kind', () => {
    expect(collate(small, Int32Array.of(3, 0, 3))).toEqual({
      images: { data: Uint8Array.of(30, 31, 0, 1, 30, 31), shape: [3, 1, 2] },
      labels: { data: Int32Array.of(30, 0, 30), shape: [3] },
    })
  })

  it('stacks the items of a dataset that can only get', () => {
    const made: Dataset<'x' | 'y' | 'z'> = {
      length: 9,
      get: (index) => ({ x: index / 2, y: index > 4, z: Float64Array.of(index, -index) }),
    }
    expect(collate(made, Int32Array.of(1, 8))).toEqual({
      x: { data: Float32Array.of(0.5, 4), shape: [2] },
      y: { data: Uint8Array.of(0, 1), shape: [2], dtype: 'bool' },
      z: { data: Float64Array.of(1, -1, 8, -8), shape: [2, 2] },
    })
  })

  it('waits for items and gathers that come later', async () => {
    const slow: Dataset<'x'> = { length: 3, get: async (index) => ({ x: index }) }
    expect(await collate(slow, Int32Array.of(2, 1))).toEqual({ x: { data: Float32Array.of(2, 1), shape: [2] } })
    const gathering: Dataset<'x'> = {
      ...slow,
      gather: async (indices, out) => {
        await null
        out.x.data.set(indices)
      },
    }
    expect(await collate(gathering, Int32Array.of(2, 0))).toEqual({ x: { data: Float32Array.of(2, 0), shape: [2] } })
  })

  it('copies a Buffer into a plain array', () => {
    const buffers = arrayDataset({ x: { data: Buffer.from([1, 2, 3, 4]), shape: [2, 2] } })
    expect(collate(buffers, Int32Array.of(1)).valueOf()).toEqual({ x: { data: Uint8Array.of(3, 4), shape: [1, 2] } })
  })

  it('names the field and the items that cannot stand in one batch', () => {
    const of = (...items: Record<string, unknown>[]) => ({
      length: items.length,
      get: (index: number) => items[index] as never,
    })
    const both = Int32Array.of(0, 1)
    expect(() => collate(of({ x: new Float32Array(2) }, { x: new Float32Array(3) }), both)).toThrow(
      /field 'x' has shape \[2\] in item 0 but \[3\] in item 1; .* pad them with \{ collate: padFields\(…\) \}/,
    )
    expect(() => collate(of({ x: 1 }, { x: Int32Array.of(1) }), both)).toThrow(/field 'x' has shape \[\]/)
    expect(() => collate(of({ x: new Float32Array(1) }, { x: new Int32Array(1) }), both)).toThrow(
      /is a Float32Array in item 0 but a Int32Array/,
    )
    expect(() => collate(of({ x: 1 }, { y: 1 }), both)).toThrow(/item 0 has x, item 1 has y/)
    expect(() => collate(of({ x: 'a' }), Int32Array.of(0))).toThrow(/a field of an item is .* got string/)
    expect(() => collate(of({ x: { data: new Float32Array(3), shape: [2] } }), Int32Array.of(0))).toThrow(/got 3 for \[2\]/)
  })
})

describe('subset', () => {
  it('takes a range or chosen items, and keeps the fast way to gather', () => {
    expect(subset(small, { end: 2 }).length).toBe(2)
    expect(subset(small, { start: 3, end: 100 }).length).toBe(1)
    const chosen = subset(small, [3, 1])
    expect(chosen.gather).toBeDefined()
    expect(collate(chosen, Int32Array.of(1, 0))).toMatchObject({ labels: { data: Int32Array.of(10, 30) } })
    expect(subset(chosen, [1]).get(0)).toMatchObject({ labels: { data: Int32Array.of(10) } })
  })

  it('refuses what is not there', () => {
    expect(() => subset(small, [4])).toThrow(/item 4 does not exist/)
    expect(() => subset(small, { start: 3, end: 2 })).toThrow(/no range/)
    expect(() => subset(small, [1]).get(1)).toThrow(/item 1 does not exist/)
  })
})

describe('mapDataset', () => {
  it('changes items when they are fetched, from sources that answer later too', async () => {
    const doubled = mapDataset(small, ({ labels }, index) => ({
      index,
      twice: 2 * (labels as { data: Int32Array }).data[0]!,
    }))
    expect(doubled.get(3)).toEqual({ index: 3, twice: 60 })
    const slow: Dataset<'x'> = { length: 1, get: async () => ({ x: 4 }) }
    expect(await mapDataset(slow, async ({ x }) => ({ y: x })).get(0)).toEqual({ y: 4 })
  })
})
