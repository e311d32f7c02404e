/** Batches of words of like length. Lengths are padded to multiples of 8, so that a step meets few shapes, and is captured once for each. */
import type { TrainingBatches } from '@tenon/app-kit'
import { type Batch, padSequences, randomOrder } from '@tenon/datasets'
import { type Tensor, type TypedArray, tensor } from '@tenon/tensor'
import type { Word } from './dictionary.ts'
import { beginning, ending, letters, phonemes } from './vocabulary.ts'

export const lengthStep = 8

/** `source` int32 [B, S], letters; `input` int32 [B, T], phonemes from `<bos>` on; `target` int32 [B, T], the same until `<eos>`. 0 is padding. */
export type PairBatch = Batch<'source' | 'input' | 'target'>

interface Pair {
  readonly source: Int32Array
  readonly phonemes: Int32Array
}

const padded = (rows: readonly Int32Array[]): Tensor => {
  const { data } = padSequences(rows, { multipleOf: lengthStep })
  return tensor(data.data as TypedArray, data.shape)
}

/** Letters as tokens: int32 [B, S]. */
export const sourceOf = (spellings: readonly string[]): Tensor => padded(spellings.map((spelling) => letters.encode(spelling)))

const pairsOf = (words: readonly Word[]): Pair[] =>
  words.flatMap(({ spelling, pronunciations }) =>
    pronunciations.map((said) => ({ source: letters.encode(spelling), phonemes: phonemes.encode(said.join(' ')) })),
  )

const batchOf = (pairs: readonly Pair[]): PairBatch => {
  const [first, last] = [phonemes.idOf(beginning), phonemes.idOf(ending)]
  return {
    source: padded(pairs.map(({ source }) => source)),
    input: padded(pairs.map(({ phonemes: said }) => Int32Array.of(first, ...said))),
    target: padded(pairs.map(({ phonemes: said }) => Int32Array.of(...said, last))),
  }
}

const steps = (length: number): number => Math.ceil(length / lengthStep)

export interface BatchOptions {
  readonly batchSize: number
  /** Decides the order, which is another one in each epoch, and leaves out what does not fill a batch; null keeps order and rest. */
  readonly seed: number | null
}

/** Each pronunciation of a word with its spelling. The order of an epoch is a pure function of the seed and the epoch's number. */
export class PairBatches implements TrainingBatches<PairBatch> {
  readonly batchSize: number
  readonly #buckets: readonly (readonly Pair[])[]
  readonly #seed: number | null

  constructor(words: readonly Word[], { batchSize, seed }: BatchOptions) {
    const buckets = new Map<string, Pair[]>()
    for (const pair of pairsOf(words)) {
      const key = `${steps(pair.source.length)} ${steps(pair.phonemes.length + 1)}`
      buckets.set(key, [...(buckets.get(key) ?? []), pair])
    }
    this.batchSize = batchSize
    this.#buckets = [...buckets.values()]
    this.#seed = seed
  }

  get length(): number {
    return this.#buckets.reduce((sum, { length }) => sum + this.#batchesIn(length), 0)
  }

  /** Pairs in an epoch. */
  get numSamples(): number {
    return this.#seed === null ? this.#buckets.flat().length : this.length * this.batchSize
  }

  async *iterate({ epoch = 0, start = 0 }: { readonly epoch?: number; readonly start?: number } = {}): AsyncGenerator<PairBatch> {
    const batches = this.#buckets.flatMap((bucket, b) => {
      const order = this.#order(bucket.length, epoch, b)
      return Array.from({ length: this.#batchesIn(bucket.length) }, (_, i) =>
        order.slice(i * this.batchSize, (i + 1) * this.batchSize).map((index) => bucket[index]!),
      )
    })
    for (const index of this.#order(batches.length, epoch, this.#buckets.length).slice(start)) yield batchOf(batches[index]!)
  }

  #batchesIn(pairs: number): number {
    return this.#seed === null ? Math.ceil(pairs / this.batchSize) : Math.floor(pairs / this.batchSize)
  }

  #order(length: number, epoch: number, salt: number): number[] {
    if (this.#seed === null) return Array.from({ length }, (_, i) => i)
    return Array.from(randomOrder(length, length, this.#seed, epoch * (this.#buckets.length + 1) + salt))
  }
}
