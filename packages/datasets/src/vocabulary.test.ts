import { describe, expect, it } from 'vitest'
import { BytePairVocabulary, type TokenizerJson } from './bpe/index.ts'
import { CharVocabulary } from './char-vocabulary.ts'
import { DatasetError } from './errors.ts'
import { WordVocabulary } from './word-vocabulary.ts'

const text = 'Call me Ishmael. Some years ago—never mind how long precisely—having\nlittle or no money, I thought I would sail.\n'
const awkward = 'naïve 𝒳 👩‍🚀\t\r\n"don\'t"  \ud83d x\u0000'

/** As a checkpoint keeps it. */
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value))

describe('CharVocabulary', () => {
  it('gives every text back', () => {
    for (const sample of [text, awkward, '']) {
      const vocabulary = CharVocabulary.fromText(text + awkward)
      expect(vocabulary.decode(vocabulary.encode(sample))).toBe(sample)
    }
  })

  it('has the characters in the order of Unicode, each code point once', () => {
    const vocabulary = CharVocabulary.fromText('b𝒳a b\uffee')
    expect(vocabulary.tokens).toEqual([' ', 'a', 'b', '\uffee', '𝒳'])
    expect(vocabulary.encode('a𝒳')).toEqual(Int32Array.of(1, 4))
    expect(vocabulary.size).toBe(5)
  })

  it('names a character that it does not have', () => {
    expect(() => CharVocabulary.fromText('abc').encode('abé')).toThrow(DatasetError)
    expect(() => CharVocabulary.fromText('abc').encode('abé')).toThrow(/the character "é" \(U\+00E9\) is not in the vocabulary of 3 tokens/)
  })

  it('has special tokens first, which no text is taken for', () => {
    const vocabulary = CharVocabulary.fromText('<pad>', { specials: ['<pad>', '<eos>'], unknown: '<unk>' })
    expect(vocabulary.specials).toEqual(['<pad>', '<eos>', '<unk>'])
    expect([vocabulary.idOf('<pad>'), vocabulary.idOf('<unk>'), vocabulary.idOf('<')]).toEqual([0, 2, 3])
    expect([...vocabulary.encode('<pad>')].every((id) => id > 2)).toBe(true)
    expect([...vocabulary.encode('dog')]).toEqual([vocabulary.idOf('d'), 2, 2])
    const tokens = [...vocabulary.encode('dad'), 1, 0]
    expect(vocabulary.decode(tokens)).toBe('dad<eos><pad>')
    expect(vocabulary.decode(tokens, { skipSpecials: true })).toBe('dad')
    expect(() => vocabulary.idOf('x')).toThrow(/"x" is not among the 8 tokens/)
  })

  it('does not take a special token of one character for that character', () => {
    const vocabulary = CharVocabulary.fromText('a_b', { specials: ['_'], unknown: '_' })
    expect([...vocabulary.encode('a_b')]).toEqual([1, 0, 2])
  })

  it('refuses numbers of no token', () => {
    for (const id of [-1, 3, 0.5, Number.NaN]) {
      expect(() => CharVocabulary.fromText('abc').decode([0, id])).toThrow(`token ${id} does not exist: the vocabulary has 3, 0 to 2`)
    }
  })
})

describe('WordVocabulary', () => {
  it('has the most frequent first, words and signs apart, and an unknown token', () => {
    const vocabulary = WordVocabulary.fromText('the cat, the dog, the end.', { specials: ['<pad>'] })
    expect(vocabulary.tokens).toEqual(['<pad>', '<unk>', 'the', ',', '.', 'cat', 'dog', 'end'])
    expect([...vocabulary.encode('the bird, the cat')]).toEqual([2, 1, 3, 2, 5])
    expect(vocabulary.decode(vocabulary.encode('the bird, the cat.'))).toBe('the <unk>, the cat.')
  })

  it('leaves out what is rare', () => {
    const counted = (minFrequency: number): readonly string[] => WordVocabulary.fromText('a a a b b c', { minFrequency }).tokens
    expect(counted(1)).toEqual(['<unk>', 'a', 'b', 'c'])
    expect(counted(2)).toEqual(['<unk>', 'a', 'b'])
    expect(counted(4)).toEqual(['<unk>'])
    for (const wrong of [0, Number.NaN]) expect(() => counted(wrong)).toThrow(/minFrequency must be at least 1/)
  })

  it('keeps words whole and puts spaces where they were', () => {
    const sample = 'I don’t know (twenty-one, or less).\nIt’s 3 km!'
    const vocabulary = WordVocabulary.fromText(sample, { unknown: null })
    expect(vocabulary.tokens).toEqual(expect.arrayContaining(['don’t', 'twenty-one', 'It’s', '3', '\n']))
    expect(vocabulary.decode(vocabulary.encode(sample))).toBe(sample)
    expect(vocabulary.decode([])).toBe('')
    expect(() => vocabulary.encode('whale')).toThrow(/the word "whale" is not in the vocabulary/)
  })
})

describe('BytePairVocabulary', () => {
  it('joins what is frequent, as the paper does', () => {
    // "Neural Machine Translation of Rare Words with Subword Units", algorithm 1: low ×5, lower ×2, newest ×6, widest ×3.
    const sample = ['low\n'.repeat(5), 'lower\n'.repeat(2), 'newest\n'.repeat(6), 'widest\n'.repeat(3)].join('')
    const vocabulary = BytePairVocabulary.fromText(sample, { size: 256 + 6 })
    const joined = Array.from({ length: 6 }, (_, i) => vocabulary.decode([256 + i]))
    // e+s and s+t are there nine times each, and es comes first.
    expect(joined.slice(0, 3)).toEqual(['es', 'est', 'lo'])
    expect(joined[3]).toBe('low')
    expect([...vocabulary.encode('lowest')].map((id) => vocabulary.decode([id]))).toEqual(['low', 'est'])
  })

  it('gives every text back, also such as it has never seen', () => {
    const vocabulary = BytePairVocabulary.fromText(text, { size: 300 })
    for (const sample of [text, 'naïve 𝒳 👩‍🚀\t\r\n"don\'t"  x\u0000 , .', ' ', '']) {
      expect(vocabulary.decode(vocabulary.encode(sample))).toBe(sample)
    }
    expect(vocabulary.encode(text).length).toBeLessThan(0.9 * text.length)
  })

  it('stops where no pair is there twice', () => {
    const vocabulary = BytePairVocabulary.fromText('abcabc', { size: 10_000 })
    expect(vocabulary.size).toBe(256 + 2)
    expect([...vocabulary.encode('abc')]).toEqual([257])
    expect(BytePairVocabulary.fromText('', { size: 300 }).size).toBe(256)
  })

  it('has special tokens first and reads them in texts', () => {
    const vocabulary = BytePairVocabulary.fromText('aa aa', { size: 260, specials: ['<pad>', '<eos>'] })
    expect([vocabulary.idOf('<pad>'), vocabulary.idOf('<eos>'), vocabulary.idOf('!')]).toEqual([0, 1, 2])
    const tokens = vocabulary.encode('aa<eos>')
    expect([...tokens].at(-1)).toBe(1)
    expect(vocabulary.decode(tokens)).toBe('aa<eos>')
    expect(vocabulary.decode(tokens, { skipSpecials: true })).toBe('aa')
    expect(() => vocabulary.idOf('<bos>')).toThrow(DatasetError)
  })

  it('never joins to what a special token is called', () => {
    const vocabulary = BytePairVocabulary.fromText('ab ab ab', { size: 300, specials: ['ab'] })
    expect(vocabulary.idOf('ab')).toBe(0)
    expect(vocabulary.decode(vocabulary.encode('ab ab'))).toBe('ab ab')
  })

  it('refuses a size without room for the bytes, numbers of no token, and JSON of something else', () => {
    for (const size of [0, 256, 260.5]) {
      expect(() => BytePairVocabulary.fromText(text, { size, specials: ['<pad>'] })).toThrow(/size must be a whole number of at least 257/)
    }
    const vocabulary = BytePairVocabulary.fromText(text, { size: 260 })
    for (const id of [-1, 260, 0.5]) expect(() => vocabulary.decode([id])).toThrow(`token ${id} does not exist: the vocabulary has 260`)
    for (const wrong of [{}, { model: { type: 'BPE' } }] as TokenizerJson[]) {
      expect(() => BytePairVocabulary.fromTokenizer(wrong)).toThrow(/not the content of a usable tokenizer.json file/)
    }
    expect(vocabulary.decode([])).toBe('')
  })
})

describe('every vocabulary', () => {
  it('is the same after a round trip through JSON', () => {
    const chars = CharVocabulary.fromText(awkward, { specials: ['<pad>'] })
    const words = WordVocabulary.fromText(text, { specials: ['<pad>'], minFrequency: 2 })
    const bytes = BytePairVocabulary.fromText(text, { size: 300, specials: ['<pad>'] })
    const pairs = [
      [chars, CharVocabulary.fromJSON(json(chars.toJSON()))],
      [words, WordVocabulary.fromJSON(json(words.toJSON()))],
      [bytes, BytePairVocabulary.fromJSON(json(bytes.toJSON()))],
    ] as const
    for (const [before, after] of pairs) {
      expect(after.size).toBe(before.size)
      expect(after.toJSON()).toEqual(before.toJSON())
      const sample = before === words ? text : 'x"don\'t"'
      expect(after.encode(sample)).toEqual(before.encode(sample))
      expect(after.decode(after.encode(sample))).toBe(before.decode(before.encode(sample)))
      expect(after.idOf('<pad>')).toBe(0)
    }
  })

  it('refuses the JSON of another kind, or of none', () => {
    const chars = CharVocabulary.fromText('abc').toJSON()
    expect(() => WordVocabulary.fromJSON(chars)).toThrow(/not the JSON of a vocabulary of kind 'word', but of kind 'char'/)
    expect(() => BytePairVocabulary.fromJSON(chars as never)).toThrow(DatasetError)
    for (const wrong of [
      {},
      null,
      { ...chars, tokens: 'abc' },
      { ...chars, specials: 9 },
      { ...chars, tokens: [1] },
      { ...chars, unknown: 0 },
    ]) {
      expect(() => CharVocabulary.fromJSON(wrong as never)).toThrow(/not the JSON of a vocabulary of kind 'char'/)
    }
    expect(() => CharVocabulary.fromJSON({ ...chars, unknown: 'a' })).toThrow(/"a" is not among the special tokens/)
    expect(() => CharVocabulary.fromJSON({ ...chars, tokens: ['a', 'b', 'a'] })).toThrow(/"a" is there twice/)
  })
})
