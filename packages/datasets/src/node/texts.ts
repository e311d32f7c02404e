import { type PinnedOptions, readPinned } from './pinned.ts'
import type { PinnedSet } from './sources.ts'
import { decodeText } from './text-file.ts'
import { cmudictSet, femaleNamesSet, maleNamesSet, mobyDickSet } from './text-sources.ts'

/** Where it is kept, and who is told while it is fetched: source, licence and progress. */
export type TextOptions = PinnedOptions

/** "Moby-Dick; or, The Whale": 1.2 million characters of English. Fetched once (1.5 MB), verified each time. @throws DatasetError as `mnist` */
export const mobyDick = (options?: TextOptions): Promise<string> => readText(mobyDickSet, options)

/** What `firstNames` gives. */
export interface FirstNames {
  /** 4,951, in alphabetical order. */
  readonly female: readonly string[]
  /** 3,898; 419 are in both lists. */
  readonly male: readonly string[]
}

/** English first names. Fetched once (0.1 MB), verified each time. @throws DatasetError as `mnist` */
export const firstNames = async (options?: TextOptions): Promise<FirstNames> => ({
  female: lines(await readText(femaleNamesSet, options)),
  male: lines(await readText(maleNamesSet, options)),
})

/** One pronunciation of a word. */
export interface Pronunciation {
  /** In capitals: "ABANDON". */
  readonly word: string
  /** In ARPAbet, vowels with their stress (1 primary, 2 secondary, 0 none): ["AH0", "B", "AE1", "N", "D", "AH0", "N"]. */
  readonly phonemes: readonly string[]
  /** 0 for a word's first pronunciation, 1 for its second. */
  readonly variant: number
}

/** How English words are spoken: 133,784 pronunciations. Fetched once (1.8 MB), verified each time. @throws DatasetError as `mnist` */
export const cmudict = async (options?: TextOptions): Promise<readonly Pronunciation[]> =>
  parsePronunciations(await readText(cmudictSet, options))

/** Lines as `ABDOMEN(1)  AE1 B D AH0 M AH0 N`. */
export const parsePronunciations = (text: string): Pronunciation[] =>
  lines(text).map((line) => {
    const [entry = '', phonemes = ''] = line.split('  ')
    const [, word = entry, variant = '0'] = /^(.+)\((\d+)\)$/.exec(entry) ?? []
    return { word, phonemes: phonemes.split(' '), variant: Number(variant) }
  })

/** The text of a set of one file. */
export const readText = async (set: PinnedSet, options?: TextOptions): Promise<string> => {
  const [{ bytes, path }] = await readPinned(set, [set.files[0]!], options)
  return decodeText(bytes, path)
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
