/** Words and how they are spoken, split by spelling. */
import { reportFetch } from '@tenon/app-kit'
import { randomOrder } from '@tenon/datasets'
import { cmudict, type Pronunciation } from '@tenon/datasets/node'
import { alphabet } from './vocabulary.ts'

/** A spelling with every way that it is listed to be spoken: `read` is "R EH D" and "R IY D". */
export interface Word {
  readonly spelling: string
  readonly pronunciations: readonly (readonly string[])[]
}

export interface Dictionary {
  readonly train: readonly Word[]
  readonly validation: readonly Word[]
  readonly test: readonly Word[]
}

/** The CMU Pronouncing Dictionary; says what is fetched and from where, if it has to be. */
export const loadPronunciations = (out: NodeJS.WriteStream): Promise<readonly Pronunciation[]> => cmudict({ onProgress: reportFetch(out) })

/** Lower-case letters and apostrophes; phonemes without stress ("AH0" → "AH"). Other spellings ("3-D") are left out. */
export const wordsOf = (pronunciations: readonly Pronunciation[]): Word[] => {
  const words = new Map<string, Map<string, readonly string[]>>()
  for (const { word, phonemes } of pronunciations) {
    const spelling = word.toLowerCase()
    if ([...spelling].some((letter) => !alphabet.includes(letter))) continue
    const plain = phonemes.map((phoneme) => phoneme.replace(/\d$/, ''))
    const known = words.get(spelling) ?? new Map<string, readonly string[]>()
    words.set(spelling, known.set(plain.join(' '), plain))
  }
  return [...words].map(([spelling, known]) => ({ spelling, pronunciations: [...known.values()] }))
}

export interface SplitSizes {
  readonly validation: number
  readonly test: number
}

/** All pronunciations of a spelling are in one part, so that the other parts have never seen it. */
export const splitWords = (words: readonly Word[], { validation, test }: SplitSizes, seed: number): Dictionary => {
  const mixed = Array.from(randomOrder(words.length, words.length, seed, 0), (index) => words[index]!)
  return { test: mixed.slice(0, test), validation: mixed.slice(test, test + validation), train: mixed.slice(test + validation) }
}
