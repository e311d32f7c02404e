/** What a model says: greedy decoding, and where it looks while it speaks. */
import { jit, type Tensor, tensor } from '@tenon/tensor'
import { lengthStep, sourceOf } from './batches.ts'
import type { Memory, Speller } from './model.ts'
import { beginning, ending, phonemes } from './vocabulary.ts'

/** Words decoded side by side. */
const decodeBatch = 250
/** A word that goes on for longer is cut. */
const longest = 4 * lengthStep

/** Says words: takes the likeliest phoneme, again and again, until every word has ended. The model is in `eval()`. */
export class Pronouncer {
  readonly #model: Speller
  readonly #encode: (source: Tensor) => Memory
  readonly #next: (memory: Memory, input: Tensor, place: Tensor) => Tensor

  constructor(model: Speller) {
    this.#model = model
    this.#encode = jit((source: Tensor) => model.encode(source))
    this.#next = jit(
      (memory: Memory, input: Tensor, place: Tensor) => model.decode(memory, input).indexSelect(1, place).squeeze(1).argmax(-1), // [B]
    )
  }

  /** The phonemes of each word. */
  async say(spellings: readonly string[]): Promise<string[][]> {
    // Words of like length end at about the same time.
    const order = [...spellings.keys()].sort((a, b) => spellings[a]!.length - spellings[b]!.length)
    const said: string[][] = spellings.map(() => [])
    for (let start = 0; start < order.length; start += decodeBatch) {
      const indices = order.slice(start, start + decodeBatch)
      const tokens = await this.#decode(indices.map((index) => spellings[index]!))
      for (const [row, index] of indices.entries()) said[index] = tokens[row]!.map((token) => phonemes.tokens[token]!)
    }
    return said
  }

  async #decode(spellings: readonly string[]): Promise<number[][]> {
    const memory = this.#encode(sourceOf(spellings))
    const end = phonemes.idOf(ending)
    const rows = spellings.map((): number[] => [phonemes.idOf(beginning)])
    const ended = spellings.map(() => false)
    for (let place = 0; place + 1 < longest && ended.includes(false); place++) {
      const next = await this.#next(memory, inputOf(rows), tensor(Int32Array.of(place))).data()
      for (const [row, tokens] of rows.entries()) {
        if (next[row] === end) ended[row] = true
        tokens.push(next[row]!)
      }
    }
    return rows.map(([, ...tokens]) => tokens.slice(0, tokens.includes(end) ? tokens.indexOf(end) : tokens.length))
  }

  /** A word with its phonemes and how much each of them, the end included, looks at each letter: [phonemes + 1][letters]. */
  async map(spelling: string): Promise<AttentionMap> {
    const [said] = await this.say([spelling])
    const input = [phonemes.idOf(beginning), ...phonemes.encode(said!.join(' '))]
    const weights = this.#model.attention(this.#encode(sourceOf([spelling])), inputOf([input]))
    const rows = (await weights.select(0, 0).toArray()) as number[][]
    return { spelling, phonemes: said!, weights: rows.slice(0, said!.length + 1).map((row) => row.slice(0, spelling.length)) }
  }
}

export interface AttentionMap {
  readonly spelling: string
  readonly phonemes: readonly string[]
  readonly weights: readonly (readonly number[])[]
}

/** int32 [B, T], padded with 0. */
const inputOf = (rows: readonly (readonly number[])[]): Tensor => {
  const width = Math.ceil(rows[0]!.length / lengthStep) * lengthStep
  const data = new Int32Array(rows.length * width)
  for (const [i, row] of rows.entries()) data.set(row, i * width)
  return tensor(data, [rows.length, width])
}
