import { parsePronunciations } from '@tenon/datasets/node'
import { describe, expect, it } from 'vitest'
import { PairBatches } from './batches.ts'
import { splitWords, wordsOf } from './dictionary.ts'
import { letters, phonemes } from './vocabulary.ts'

const words = wordsOf(
  parsePronunciations(`READ  R EH1 D
READ(1)  R IY1 D
3-D  TH R IY2 D IY2
IT'S  IH1 T S
TOMATO  T AH0 M EY1 T OW2
TOMATO(1)  T AH0 M EY0 T OW0`),
)

describe('wordsOf', () => {
  it('drops stress, and with it pronunciations that differ in nothing else', () => {
    expect(words.map(({ spelling, pronunciations }) => [spelling, pronunciations.map((said) => said.join(' '))])).toEqual([
      ['read', ['R EH D', 'R IY D']],
      ["it's", ['IH T S']],
      ['tomato', ['T AH M EY T OW']],
    ])
  })
})

describe('splitWords', () => {
  const many = Array.from({ length: 100 }, (_, i) => ({ spelling: `w${i}`, pronunciations: [] }))

  it('has every spelling once, in parts that depend on the seed', () => {
    const split = splitWords(many, { validation: 10, test: 20 }, 1)
    expect([split.train, split.validation, split.test].map(({ length }) => length)).toEqual([70, 10, 20])
    expect(new Set([...split.train, ...split.validation, ...split.test]).size).toBe(100)
    expect(splitWords(many, { validation: 10, test: 20 }, 1)).toEqual(split)
    expect(splitWords(many, { validation: 10, test: 20 }, 2).test).not.toEqual(split.test)
  })
})

describe('PairBatches', () => {
  it('gives each pronunciation with its spelling, padded to eights, with what comes before and after each phoneme', async () => {
    const batches = new PairBatches(words, { batchSize: 8, seed: null })
    expect([batches.length, batches.numSamples]).toEqual([1, 4])
    for await (const { source, input, target } of batches.iterate()) {
      expect([source.shape, input.shape, target.shape]).toEqual([
        [4, 8],
        [4, 8],
        [4, 8],
      ])
      expect(letters.decode((await source.select(0, 2).data()).slice(0, 4))).toBe("it's")
      expect(phonemes.decode(await input.select(0, 1).data())).toBe('<bos> R IY D <pad> <pad> <pad> <pad>')
      expect(phonemes.decode(await target.select(0, 1).data())).toBe('R IY D <eos> <pad> <pad> <pad> <pad>')
    }
  })

  it('mixes them anew in each epoch, the same for the same seed, and begins anywhere', async () => {
    const many = Array.from({ length: 40 }, (_, i) => ({
      spelling: 'a'.repeat(1 + (i % 20)),
      pronunciations: [Array.from({ length: 1 + (i % 10) }, () => 'AA')],
    }))
    const all = async (epoch: number, start = 0): Promise<string[]> => {
      const seen: string[] = []
      for await (const { source, target } of new PairBatches(many, { batchSize: 4, seed: 3 }).iterate({ epoch, start })) {
        seen.push(`${await source.data()} ${await target.data()}`)
      }
      return seen
    }
    const first = await all(0)
    expect(await all(0)).toEqual(first)
    expect(await all(0, 2)).toEqual(first.slice(2))
    expect(await all(1)).not.toEqual(first)
    expect(first.length).toBe(new PairBatches(many, { batchSize: 4, seed: 3 }).length)
  })
})
