/** Text as numbers and back: what all vocabularies have, and what those that are a list of tokens share. */
import { DatasetError } from './errors.ts'

/** Numbers of tokens, one after the other. */
export type Tokens = ArrayLike<number>

/** Options of `decode`. */
export interface DecodeOptions {
  /** Leaves the special tokens out of the text. Default false. */
  readonly skipSpecials?: boolean
}

/** A table between text and whole numbers from 0 to `size` − 1. */
export interface Vocabulary {
  readonly size: number
  encode(text: string): Int32Array
  decode(tokens: Tokens, options?: DecodeOptions): string
  /** The number of one token, a special one as a rule. @throws DatasetError if there is no such token */
  idOf(token: string): number
}

/** Options of all vocabularies. */
export interface VocabularyOptions {
  /** Tokens that no text is made of: `['<pad>', '<bos>', '<eos>']`. They get the first numbers, in this order. Default none. */
  readonly specials?: readonly string[]
  /** The special token that stands for whatever is not in the vocabulary; null makes that an error. */
  readonly unknown?: string | null
}

/** A vocabulary as plain JSON, to be kept in a checkpoint or a file. */
export type VocabularyJson<Kind extends string = string> = {
  readonly kind: Kind
  /** In the order of their numbers, the special ones first. */
  readonly tokens: readonly string[]
  readonly specials: number
  readonly unknown: string | null
}

/** A vocabulary that is a list of tokens. How text falls apart into them, and is put together, is the subclass's. */
export abstract class TokenVocabulary<Kind extends string> implements Vocabulary {
  abstract readonly kind: Kind
  readonly tokens: readonly string[]
  readonly specials: readonly string[]
  readonly unknown: string | null
  readonly #ids: ReadonlyMap<string, number>
  /** Without the special tokens, which are no part of a text even if it spells them. */
  readonly #plainIds: ReadonlyMap<string, number>

  protected constructor({ tokens, specials, unknown }: Omit<VocabularyJson, 'kind'>) {
    this.tokens = tokens
    this.specials = tokens.slice(0, specials)
    this.unknown = unknown
    this.#ids = new Map(tokens.map((token, id) => [token, id]))
    this.#plainIds = new Map(tokens.flatMap((token, id) => (id < specials ? [] : [[token, id] as const])))
    if (this.#ids.size < tokens.length) {
      const twice = tokens.find((token, id) => this.#ids.get(token) !== id)
      throw new DatasetError(`a vocabulary has each token once, and ${JSON.stringify(twice)} is there twice`)
    }
    if (unknown !== null && !this.specials.includes(unknown)) {
      throw new DatasetError(`the unknown token ${JSON.stringify(unknown)} is not among the special tokens (${this.specials.join(', ')})`)
    }
  }

  protected abstract split(text: string): Iterable<string>
  protected abstract join(pieces: readonly string[]): string
  protected abstract describe(piece: string): string

  get size(): number {
    return this.tokens.length
  }

  idOf(token: string): number {
    const id = this.#ids.get(token)
    if (id === undefined) throw new DatasetError(`${JSON.stringify(token)} is not among the ${this.size} tokens of this vocabulary`)
    return id
  }

  /** @throws DatasetError naming the first piece that is not in the vocabulary, if it has no unknown token */
  encode(text: string): Int32Array {
    const fallback = this.unknown === null ? undefined : this.#ids.get(this.unknown)
    const ids: number[] = []
    for (const piece of this.split(text)) {
      const id = this.#plainIds.get(piece) ?? fallback
      if (id === undefined) {
        throw new DatasetError(
          `${this.describe(piece)} is not in the vocabulary of ${this.size} tokens; ` +
            'leave it out of the text, or make the vocabulary with an unknown token or of a text that has it',
        )
      }
      ids.push(id)
    }
    return Int32Array.from(ids)
  }

  /** @throws DatasetError for a number that stands for no token */
  decode(tokens: Tokens, { skipSpecials = false }: DecodeOptions = {}): string {
    const pieces: string[] = []
    for (let index = 0; index < tokens.length; index++) {
      const id = tokens[index] as number
      const piece = this.tokens[id]
      if (piece === undefined) throw new DatasetError(`token ${id} does not exist: the vocabulary has ${this.size}, 0 to ${this.size - 1}`)
      if (!skipSpecials || id >= this.specials.length) pieces.push(piece)
    }
    return this.join(pieces)
  }

  toJSON(): VocabularyJson<Kind> {
    return { kind: this.kind, tokens: this.tokens, specials: this.specials.length, unknown: this.unknown }
  }
}

/** The special tokens, then those of the text, without what is there already. */
export const listTokens = (
  tokens: readonly string[],
  specials: readonly string[],
  unknown: string | null,
): Omit<VocabularyJson, 'kind'> => {
  const first = unknown === null || specials.includes(unknown) ? specials : [...specials, unknown]
  return { tokens: [...first, ...tokens.filter((token) => !first.includes(token))], specials: first.length, unknown }
}

/** @throws DatasetError if `json` is not a vocabulary of this kind */
export const checkVocabularyJson = <Kind extends string>(json: VocabularyJson, kind: Kind): VocabularyJson<Kind> => {
  const { tokens, specials, unknown } = json ?? {}
  const isText = (value: unknown): boolean => typeof value === 'string'
  const whole = Array.isArray(tokens) && tokens.every(isText) && Number.isInteger(specials) && specials >= 0 && specials <= tokens.length
  if (json?.kind === kind && whole && (unknown === null || isText(unknown))) return json as VocabularyJson<Kind>
  throw new DatasetError(
    `this is not the JSON of a vocabulary of kind '${kind}'${json?.kind === undefined ? '' : `, but of kind '${json.kind}'`}; ` +
      'it should be what toJSON of such a one gave',
  )
}
