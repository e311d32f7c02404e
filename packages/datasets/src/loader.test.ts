import { describe, expect, it, vi } from 'vitest'
import { arrayDataset, DataLoader, type DataLoaderOptions, type Dataset, DatasetError, field, toFloat } from './index.ts'

/** `length` items whose only field is their own number. */
const numbers = (length: number) => arrayDataset({ x: Int32Array.from({ length }, (_, index) => index) })

const read = async (batches: AsyncIterable<{ x: { dataSync(): ArrayLike<number> } }>): Promise<number[][]> => {
  const result: number[][] = []
  for await (const { x } of batches) result.push(Array.from(x.dataSync()))
  return result
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

describe('DataLoader', () => {
  it('gives batches of tensors in order, the last one smaller', async () => {
    const loader = new DataLoader(numbers(5), { batchSize: 2 })
    expect(loader.length).toBe(3)
    expect(await read(loader)).toEqual([[0, 1], [2, 3], [4]])
  })

  it('leaves the smaller batch out with dropLast', async () => {
    const loader = new DataLoader(numbers(5), { batchSize: 2, dropLast: true })
    expect(loader.length).toBe(2)
    expect(await read(loader)).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it('gives each field its dtype and a leading batch dimension', async () => {
    const data = arrayDataset({
      images: { data: new Uint8Array(3 * 4), shape: [3, 1, 2, 2] },
      weights: Float64Array.of(1, 2, 3),
      ids: Uint32Array.of(1, 2, 3),
      masks: { data: Uint8Array.of(1, 0, 1), shape: [3], dtype: 'bool' },
    })
    for await (const { images, weights, ids, masks } of new DataLoader(data, { batchSize: 3 })) {
      expect([images.dtype, ...images.shape]).toEqual(['int32', 3, 1, 2, 2])
      expect([weights.dtype, ids.dtype, masks.dtype]).toEqual(['float64', 'uint32', 'bool'])
    }
    for await (const { images } of new DataLoader(data, { transform: field('images', toFloat()) })) {
      expect([images.dtype, ...images.shape]).toEqual(['float32', 1, 1, 2, 2])
    }
  })

  it('shuffles anew in every epoch, and the same for the same seed', async () => {
    const make = (seed: number) => new DataLoader(numbers(50), { batchSize: 50, shuffle: true, seed })
    const loader = make(1)
    const epochs = [await read(loader), await read(loader), await read(make(2))]
    expect(new Set(epochs.map(String)).size).toBe(3)
    for (const [order] of epochs) expect([...order!].sort((a, b) => a - b)).toEqual([...Array(50).keys()])
    const again = make(1)
    expect([await read(again), await read(again)]).toEqual(epochs.slice(0, 2))
  })

  it.each([0, 1, 3, 100])('gives the same batches with prefetch %i', async (prefetch) => {
    const options: DataLoaderOptions<'x'> = { batchSize: 3, shuffle: true, seed: 7 }
    const expected = await read(new DataLoader(numbers(20), options))
    expect(await read(new DataLoader(numbers(20), { ...options, prefetch }))).toEqual(expected)
    const slow: Dataset<'x'> = { length: 20, get: async (index) => ({ x: index }) }
    expect(await read(new DataLoader(slow, { ...options, prefetch }))).toEqual(expected)
  })

  it('resumes in the middle of an epoch from its state alone', async () => {
    const make = () => new DataLoader(numbers(20), { batchSize: 3, shuffle: true, seed: 5, prefetch: 2 })
    const whole = make()
    const expected = [await read(whole), await read(whole)]

    const stopped = make()
    await read(stopped)
    const before: number[][] = []
    for await (const { x } of stopped) {
      before.push(Array.from(x.dataSync()))
      if (before.length === 4) break
    }
    const saved = JSON.stringify(stopped.state)
    expect(saved).toBe('{"epoch":1,"position":4}')

    const resumed = make()
    resumed.state = JSON.parse(saved)
    expect([...before, ...(await read(resumed))]).toEqual(expected[1])
    expect(resumed.state).toEqual({ epoch: 2, position: 0 })
  })

  it('resumes at the end of an epoch with the next one', async () => {
    const loader = new DataLoader(numbers(4), { batchSize: 2 })
    loader.state = { epoch: 3, position: 2 }
    expect(await read(loader)).toEqual([])
    expect(loader.state).toEqual({ epoch: 4, position: 0 })
    expect(await read(loader)).toHaveLength(2)
  })

  it('takes a sample of the data in each epoch with numSamples, or goes around more than once', async () => {
    const few = new DataLoader(numbers(10), { batchSize: 3, shuffle: true, numSamples: 4 })
    expect([few.length, few.numSamples]).toEqual([2, 4])
    const epochs = [await read(few), await read(few), await read(few)]
    for (const epoch of epochs) {
      expect(epoch.map(({ length }) => length)).toEqual([3, 1])
      expect(new Set(epoch.flat()).size).toBe(4)
    }
    expect(new Set(epochs.flat(2)).size).toBeGreaterThan(4)
    expect(await read(few.iterate({ epoch: 1, start: 1 }))).toEqual(epochs[1]!.slice(1))

    const many = await read(new DataLoader(numbers(3), { batchSize: 3, shuffle: true, numSamples: 9, dropLast: true }))
    for (const batch of many) expect(new Set(batch).size).toBe(3)
    expect(many).toHaveLength(3)
  })

  it('begins a new epoch after a loop that was left early', async () => {
    const loader = new DataLoader(numbers(30), { batchSize: 10, shuffle: true })
    for await (const _ of loader) break
    expect(loader.state).toEqual({ epoch: 0, position: 1 })
    expect(await read(loader)).toEqual(await read(loader.iterate({ epoch: 1 })))
    expect(loader.state).toEqual({ epoch: 2, position: 0 })
  })

  it('iterates any epoch from any batch without moving its state', async () => {
    const loader = new DataLoader(numbers(9), { batchSize: 2, shuffle: true })
    const whole = await read(loader.iterate({ epoch: 6 }))
    expect(await read(loader.iterate({ epoch: 6, start: 3 }))).toEqual(whole.slice(3))
    expect(await read(loader.iterate({ epoch: 6, start: 5 }))).toEqual([])
    expect(loader.state).toEqual({ epoch: 0, position: 0 })
  })

  it('lets transforms draw numbers that depend on the seed, the epoch and the batch only', async () => {
    const make = (seed: number) =>
      new DataLoader(numbers(6), {
        batchSize: 2,
        seed,
        transform: ({ x }, { random }) => ({ x: { ...x, data: Float64Array.from(x.data, () => random()) } }),
      })
    const whole = await read(make(1).iterate({ epoch: 2 }))
    expect(new Set(whole.flat()).size).toBe(6)
    expect(await read(make(1).iterate({ epoch: 2, start: 1 }))).toEqual(whole.slice(1))
    expect(await read(make(1).iterate({ epoch: 3 }))).not.toEqual(whole)
    expect(await read(make(2).iterate({ epoch: 2 }))).not.toEqual(whole)
  })

  it('never writes again to a batch that it has yielded', async () => {
    const arrays: unknown[] = []
    const loader = new DataLoader(numbers(8), {
      batchSize: 2,
      prefetch: 3,
      transform: (batch) => {
        arrays.push(batch.x.data.buffer)
        return batch
      },
    })
    await read(loader)
    expect(new Set(arrays).size).toBe(4)
  })

  it.each<[DataLoaderOptions<'x'>, RegExp]>([
    [{ numSamples: 4 }, /numSamples draws items at random and needs shuffle: true/],
    [{ numSamples: 0, shuffle: true }, /numSamples must be a whole number of at least 1, got 0/],
    [{ batchSize: 0 }, /batchSize must be a whole number of at least 1, got 0/],
    [{ batchSize: -3 }, /got -3/],
    [{ batchSize: Number.NaN }, /got NaN/],
    [{ batchSize: 2.5 }, /got 2.5/],
    [{ batchSize: '4' as unknown as number }, /got 4/],
    [{ seed: -1 }, /seed must be/],
    [{ prefetch: Number.POSITIVE_INFINITY }, /prefetch must be/],
    [{ batchSize: 9, dropLast: true }, /dropLast leaves no batch, as the 5 items do not fill one of 9/],
  ])('refuses %o', (options, message) => {
    expect(() => new DataLoader(numbers(5), options)).toThrow(DatasetError)
    expect(() => new DataLoader(numbers(5), options)).toThrow(message)
  })

  it('refuses an empty dataset and a place that an epoch does not have', async () => {
    expect(() => new DataLoader({ length: 0, get: () => ({}) })).toThrow(/has 0 items/)
    const loader = new DataLoader(numbers(5), { batchSize: 2 })
    expect(() => {
      loader.state = { epoch: 0, position: 4 }
    }).toThrow(/cannot start at batch 4, an epoch has 3; resume with/)
    expect(() => {
      loader.state = { epoch: -1, position: 0 }
    }).toThrow(/epoch must be/)
    await expect(loader.iterate({ start: 9 }).next()).rejects.toThrow(/cannot start at batch 9/)
  })
})

describe('prefetch', () => {
  /** A source that answers when told to. */
  const controlled = (length: number) => {
    const asked: number[] = []
    const data: Dataset<'x'> = {
      length,
      get: async (index) => {
        asked.push(index)
        await turn()
        return { x: index }
      },
    }
    return { data, asked }
  }

  it('asks a slow source for the next batches before the consumer works', async () => {
    const { data, asked } = controlled(10)
    for await (const _ of new DataLoader(data, { prefetch: 2 })) {
      expect(asked).toEqual([0, 1, 2])
      break
    }
  })

  it('asks for nothing more once the loop is left', async () => {
    const { data, asked } = controlled(10)
    for await (const _ of new DataLoader(data, { prefetch: 2 })) break
    await turn()
    await turn()
    expect(asked).toEqual([0, 1, 2])
  })

  it('builds ahead from memory only while the consumer waits', async () => {
    const built: number[] = []
    const loader = new DataLoader(numbers(6), {
      prefetch: 2,
      transform: (batch) => {
        built.push(batch.x.data[0] as number)
        return batch
      },
    })
    const batches = loader.iterate()
    await batches.next()
    expect(built).toEqual([0])
    await vi.waitFor(() => expect(built).toEqual([0, 1, 2]))
    await batches.return()
    await turn()
    expect(built).toEqual([0, 1, 2])
  })

  it('gives an error of the source to the consumer when its batch is due', async () => {
    for (const later of [false, true]) {
      const data: Dataset<'x'> = {
        length: 5,
        get: (index) => {
          const fail = () => {
            throw new Error(`disk error at ${index}`)
          }
          if (later) return turn().then(() => (index === 2 ? fail() : { x: index }))
          return index === 2 ? fail() : { x: index }
        },
      }
      const seen: number[] = []
      const loop = async () => {
        for await (const { x } of new DataLoader(data, { prefetch: 2 })) {
          seen.push(x.dataSync()[0] as number)
          await turn()
        }
      }
      await expect(loop()).rejects.toThrow('disk error at 2')
      expect(seen).toEqual([0, 1])
    }
  })
})
