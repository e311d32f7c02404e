import { checkVocabularyJson, listTokens, TokenVocabulary, type VocabularyJson, type VocabularyOptions } from './vocabulary.ts'

/**
 * A token for each character, in the order of Unicode. Characters are code points: 'é' is one or two, as it was typed,
 * and a letter beyond U+FFFF is one. Without an unknown token `decode(encode(text))` is `text`.
 *
 *     const vocabulary = CharVocabulary.fromText(text)
 *     const tokens = vocabulary.encode(text)        // Int32Array
 *     CharVocabulary.fromJSON(JSON.parse(JSON.stringify(vocabulary)))
 */
export class CharVocabulary extends TokenVocabulary<'char'> {
  override readonly kind = 'char'

  /** The characters of `text`. `unknown` is null by default: a character that was not in it is an error. */
  static fromText(text: string, { specials = [], unknown = null }: VocabularyOptions = {}): CharVocabulary {
    const characters = [...new Set(text)].sort((a, b) => a.codePointAt(0)! - b.codePointAt(0)!)
    return new CharVocabulary(listTokens(characters, specials, unknown))
  }

  /** @throws DatasetError if it is no JSON of a CharVocabulary */
  static fromJSON(json: VocabularyJson): CharVocabulary {
    return new CharVocabulary(checkVocabularyJson(json, 'char'))
  }

  protected override split(text: string): Iterable<string> {
    return text
  }

  protected override join(pieces: readonly string[]): string {
    return pieces.join('')
  }

  protected override describe(character: string): string {
    const number = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')
    return `the character ${JSON.stringify(character)} (U+${number})`
  }
}
