import { DatasetError } from './errors.ts'
import { checkVocabularyJson, listTokens, TokenVocabulary, type VocabularyJson, type VocabularyOptions } from './vocabulary.ts'

/** Options of `WordVocabulary`. */
export interface WordVocabularyOptions extends VocabularyOptions {
  /** Words that are seen less often become the unknown token. Default 1. */
  readonly minFrequency?: number
}

/** A word with what holds it together (don't, twenty-one), a line break, or any other single sign. */
const pieces = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|\n|\S/gu
const closing = /^[.,;:!?…)\]}”’%]$/u
const opening = /^[([{“‘$]$/u

/**
 * A token for each word, sign and line break; the most frequent first, equal ones in the order of Unicode (as
 * torchtext.vocab.build_vocab_from_iterator). Spaces are not kept: `decode` puts one between words, and none before a
 * full stop or after an opening bracket.
 */
export class WordVocabulary extends TokenVocabulary<'word'> {
  override readonly kind = 'word'

  /**
   * The words of `text`. `unknown` is '<unk>' by default, the last of the special tokens.
   *
   * @throws DatasetError for a minFrequency that is not at least 1
   */
  static fromText(text: string, options: WordVocabularyOptions = {}): WordVocabulary {
    const { minFrequency = 1, specials = [], unknown = '<unk>' } = options
    if (!(minFrequency >= 1)) throw new DatasetError(`WordVocabulary: minFrequency must be at least 1, got ${minFrequency}`)
    const counts = new Map<string, number>()
    for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1)
    const words = [...counts].filter(([, count]) => count >= minFrequency)
    words.sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
    return new WordVocabulary(
      listTokens(
        words.map(([word]) => word),
        specials,
        unknown,
      ),
    )
  }

  /** @throws DatasetError if it is no JSON of a WordVocabulary */
  static fromJSON(json: VocabularyJson): WordVocabulary {
    return new WordVocabulary(checkVocabularyJson(json, 'word'))
  }

  protected override split(text: string): Iterable<string> {
    return wordsOf(text)
  }

  protected override join(words: readonly string[]): string {
    return words.reduce((text, word, index) => {
      const before = words[index - 1]
      const close = before === undefined || word === '\n' || before === '\n' || closing.test(word) || opening.test(before)
      return text + (close ? '' : ' ') + word
    }, '')
  }

  protected override describe(word: string): string {
    return `the word ${JSON.stringify(word)}`
  }
}

const wordsOf = function* (text: string): Generator<string> {
  for (const [word] of text.matchAll(pieces)) yield word
}
