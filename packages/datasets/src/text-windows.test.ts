import { describe, expect, it } from 'vitest'
import { DatasetError } from './errors.ts'
import { DataLoader } from './loader.ts'
import { splitTokens, type TextDataset, textStreams, textWindows } from './text-windows.ts'

const tokensTo = (count: number): Int32Array => Int32Array.from({ length: count }, (_, index) => index)

const inputs = (dataset: TextDataset): number[][] =>
  Array.from({ length: dataset.length }, (_, index) => [...((dataset.get(index) as { input: Int32Array }).input ?? [])])

/** The inputs of all batches of an epoch; each target must be the input one token later. */
const batches = async (loader: DataLoader<'input' | 'target'>): Promise<number[][][]> => {
  const all: number[][][] = []
  for await (const { input, target } of loader) {
    const [rows, length] = input.shape as [number, number]
    const [data, next] = [[...(await input.data())], [...(await target.data())]]
    expect([input.dtype, target.dtype]).toEqual(['int32', 'int32'])
    expect(next).toEqual(data.map((token) => token + 1))
    all.push(Array.from({ length: rows }, (_, row) => data.slice(row * length, (row + 1) * length)))
  }
  return all
}

describe('textWindows', () => {
  it('begin at each token, and the last one has its target', () => {
    const dataset = textWindows(tokensTo(6), { length: 3 })
    expect(inputs(dataset)).toEqual([
      [0, 1, 2],
      [1, 2, 3],
      [2, 3, 4],
    ])
    expect(dataset.get(2)).toEqual({ input: Int32Array.of(2, 3, 4), target: Int32Array.of(3, 4, 5) })
  })

  it('lie one behind the other with a stride of their length, and predict each token once', () => {
    expect(inputs(textWindows(tokensTo(7), { length: 3, stride: 3 }))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(inputs(textWindows(tokensTo(6), { length: 3, stride: 3 }))).toEqual([[0, 1, 2]])
    expect(inputs(textWindows(tokensTo(4), { length: 3, stride: 100 }))).toEqual([[0, 1, 2]])
  })

  it('are random ones in a loader that shuffles, as many as asked for, others in each epoch', async () => {
    const loader = new DataLoader(textWindows(tokensTo(1000), { length: 4 }), { batchSize: 2, shuffle: true, numSamples: 6, seed: 1 })
    const [first, second] = [await batches(loader), await batches(loader)]
    expect(first.map((batch) => batch.length)).toEqual([2, 2, 2])
    for (const [start, ...rest] of [...first, ...second].flat()) expect(rest).toEqual([1, 2, 3].map((step) => start! + step))
    expect(second).not.toEqual(first)
    loader.state = { epoch: 0, position: 1 }
    expect(await batches(loader)).toEqual(first.slice(1))
  })

  it('need a text that fills one', () => {
    expect(() => textWindows(tokensTo(3), { length: 3 })).toThrow(DatasetError)
    expect(() => textWindows(tokensTo(3), { length: 3 })).toThrow(
      'textWindows: a window of 3 and the token after it need 4 tokens, and the text has 3; use shorter windows or a longer text',
    )
    for (const wrong of [0, -1, 1.5, Number.NaN]) {
      expect(() => textWindows(tokensTo(9), { length: wrong })).toThrow(/length must be a whole number of at least 1/)
      expect(() => textWindows(tokensTo(9), { length: 1, stride: wrong })).toThrow(/stride must be a whole number/)
    }
    expect(() => textWindows(tokensTo(4), { length: 3 }).get(1)).toThrow(/window 1 does not exist: the text has 1/)
  })
})

describe('textStreams', () => {
  it('go on in each row where the batch before ended', async () => {
    const loader = new DataLoader(textStreams(tokensTo(14), { length: 3, streams: 2 }), { batchSize: 2 })
    const expected = [
      [
        [0, 1, 2],
        [6, 7, 8],
      ],
      [
        [3, 4, 5],
        [9, 10, 11],
      ],
    ]
    expect(await batches(loader)).toEqual(expected)
    expect(await batches(loader)).toEqual(expected)
    loader.state = { epoch: 0, position: 1 }
    expect(await batches(loader)).toEqual(expected.slice(1))
  })

  it('give all of the text that fills windows of all streams', () => {
    for (const [count, windows] of [
      [13, 4],
      [12, 2],
      [7, 2],
      [19, 6],
    ] as const) {
      const dataset = textStreams(tokensTo(count), { length: 3, streams: 2 })
      expect(dataset.length).toBe(windows)
      expect(
        inputs(dataset)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual([...tokensTo(windows * 3)])
    }
  })

  it('need a text that fills a window in each', () => {
    expect(() => textStreams(tokensTo(6), { length: 3, streams: 2 })).toThrow(
      /2 streams of a window of 3 .* need 7 tokens, and the text has 6/,
    )
    expect(() => textStreams(tokensTo(9), { length: 3, streams: 0 })).toThrow(/streams must be a whole number/)
  })
})

describe('splitTokens', () => {
  it('cuts at one place', () => {
    const { train, validation } = splitTokens(tokensTo(20))
    expect([...train]).toEqual([...tokensTo(18)])
    expect([...validation]).toEqual([18, 19])
    expect(splitTokens(tokensTo(20), 0.25).validation.length).toBe(5)
  })

  it('refuses parts that are empty or no parts', () => {
    for (const wrong of [0, 1, -0.1, Number.NaN]) expect(() => splitTokens(tokensTo(20), wrong)).toThrow(/must lie between 0 and 1/)
    for (const short of [0, 1]) expect(() => splitTokens(tokensTo(short))).toThrow(/nothing to split/)
  })
})
