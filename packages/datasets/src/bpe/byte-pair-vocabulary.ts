/**
 * Byte-pair encoding (Sennrich et al., arXiv:1508.07909) over bytes, as in GPT-2. Texts are taken apart by
 * @huggingface/tokenizers, which whoever imports this entry installs beside it; so are tokenizer.json files of others.
 */
import { Tokenizer } from '@huggingface/tokenizers'
import { DatasetError } from '../errors.ts'
import type { DecodeOptions, Tokens, Vocabulary } from '../vocabulary.ts'
import { learnMerges } from './merges.ts'

/** What a tokenizer.json file holds. */
export type TokenizerJson = { readonly [key: string]: Json }

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** A vocabulary as plain JSON, to be kept in a checkpoint or a file. */
export type BytePairJson = { readonly kind: 'bpe'; readonly tokenizer: TokenizerJson }

/** Options of `BytePairVocabulary`. */
export interface BytePairOptions {
  /** Tokens in all: the special ones, 256 for the bytes, and one for each pair that is joined. Fewer where no pair is there twice. */
  readonly size: number
  /** Tokens for a program's own use: `['<pad>', '<eos>']`. They get the first numbers, in this order. Default none. */
  readonly specials?: readonly string[]
}

/**
 * Tokens that are frequent parts of words. Every text can be encoded, and `decode(encode(text))` is `text`, unless it
 * spells a special token: that is read as one.
 *
 *     const vocabulary = BytePairVocabulary.fromText(text, { size: 1024 })
 *     BytePairVocabulary.fromTokenizer(JSON.parse(await readTextFile('tokenizer.json')))
 */
export class BytePairVocabulary implements Vocabulary {
  readonly kind = 'bpe'
  /** One more than the greatest number of a token. */
  readonly size: number
  readonly #json: TokenizerJson
  readonly #tokenizer: Tokenizer

  private constructor(json: TokenizerJson) {
    this.#json = json
    this.#tokenizer = tokenizerOf(json)
    this.size = [...this.#tokenizer.get_vocab().values()].reduce((most, id) => Math.max(most, id), -1) + 1
  }

  /**
   * Learns from a text which parts to join: at each step the pair that is there most often (of equal ones the one of
   * lower numbers), within words.
   *
   * @throws DatasetError if `size` has no room for the special tokens and 256 bytes
   */
  static fromText(text: string, { size, specials = [] }: BytePairOptions): BytePairVocabulary {
    const least = specials.length + 256
    if (!(Number.isSafeInteger(size) && size >= least)) {
      throw new DatasetError(`BytePairVocabulary: size must be a whole number of at least ${least}, as each byte has a token; got ${size}`)
    }
    const first = [...specials, ...byteCharacters()]
    const words = tokenizerOf(describe(first, [], specials)).pre_tokenizer!.pre_tokenize(text)
    const { tokens, merges } = learnMerges(words, first, specials.length, size)
    return new BytePairVocabulary(describe(tokens, merges, specials))
  }

  /** What a tokenizer.json file holds: a tokenizer that others have trained. @throws DatasetError if it is none */
  static fromTokenizer(json: TokenizerJson): BytePairVocabulary {
    return new BytePairVocabulary(json)
  }

  /** @throws DatasetError if it is no JSON of a BytePairVocabulary */
  static fromJSON(json: BytePairJson): BytePairVocabulary {
    if (json?.kind !== 'bpe')
      throw new DatasetError("this is not the JSON of a vocabulary of kind 'bpe'; it should be what toJSON of such a one gave")
    return new BytePairVocabulary(json.tokenizer)
  }

  encode(text: string): Int32Array {
    return text === '' ? new Int32Array(0) : Int32Array.from(this.#tokenizer.encode(text, { add_special_tokens: false }).ids)
  }

  /** Bytes that are no UTF-8, as where a letter was cut in two, become '�'. @throws DatasetError for a number that stands for no token */
  decode(tokens: Tokens, { skipSpecials = false }: DecodeOptions = {}): string {
    const ids = Array.from(tokens)
    const wrong = ids.find((id) => this.#tokenizer.id_to_token(id) === undefined)
    if (wrong !== undefined) throw new DatasetError(`token ${wrong} does not exist: the vocabulary has ${this.size}, 0 to ${this.size - 1}`)
    if (ids.length === 0) return ''
    return this.#tokenizer.decode(ids, { skip_special_tokens: skipSpecials, clean_up_tokenization_spaces: false })
  }

  idOf(token: string): number {
    const id = this.#tokenizer.token_to_id(token)
    if (id === undefined) throw new DatasetError(`${JSON.stringify(token)} is not among the ${this.size} tokens of this vocabulary`)
    return id
  }

  toJSON(): BytePairJson {
    return { kind: 'bpe', tokenizer: this.#json }
  }
}

const tokenizerOf = (json: TokenizerJson): Tokenizer => {
  try {
    return new Tokenizer(json, {})
  } catch (cause) {
    throw new DatasetError(`this is not the content of a usable tokenizer.json file: ${(cause as Error).message}`, { cause })
  }
}

/** Bytes as the characters that stand for them in GPT-2's tokens: itself where it can be seen, else one from U+0100 on. */
const byteCharacters = (): string[] => {
  let hidden = 0
  const visible = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : 256 + hidden++)).sort()
}

/** A tokenizer.json, complete, so that the tools of others read it too. */
const describe = (
  tokens: readonly string[],
  merges: readonly (readonly [string, string])[],
  specials: readonly string[],
): TokenizerJson => ({
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: specials.map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges,
  },
})
