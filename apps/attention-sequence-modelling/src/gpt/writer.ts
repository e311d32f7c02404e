/** Writing, one character after the other, through a cache of keys and values: one captured program for every place. */
import { type SamplingOptions, sampleToken } from '@tenon/app-kit'
import type { GPT, KVCache } from '@tenon/nn-attention'
import { jit, type Tensor, tensor } from '@tenon/tensor'

/** The model is in `eval()`. */
export class Writer {
  readonly #blockSize: number
  readonly #caches: readonly KVCache[]
  readonly #step: (token: Tensor, position: Tensor) => Tensor

  constructor(model: GPT) {
    const caches = model.kvCaches(1)
    this.#blockSize = model.blockSize
    this.#caches = caches
    this.#step = jit((token: Tensor, position: Tensor) => model.forward(token, { caches, position }).flatten())
  }

  /**
   * The tokens that follow `prompt`, which has one at least, until there are `length` of them or `end` is drawn. Where the model's window is
   * full, its second half is read anew as the beginning of the next one.
   */
  async write(prompt: ArrayLike<number>, length: number, sampling: SamplingOptions, end: number | null = null): Promise<number[]> {
    const tokens = Array.from(prompt)
    const written: number[] = []
    let scores = await this.#read(this.#recent(tokens))
    let place = this.#recent(tokens).length
    while (written.length < length) {
      const token = sampleToken(scores, sampling)
      if (token === end) break
      written.push(token)
      tokens.push(token)
      if (place === this.#blockSize) {
        const recent = this.#recent(tokens)
        scores = await this.#read(recent)
        place = recent.length
      } else scores = await this.#scoresAfter(token, place++)
    }
    return written
  }

  /** What a window begins with: all tokens, or of many as many as fill half of it. */
  #recent(tokens: readonly number[]): readonly number[] {
    return tokens.length < this.#blockSize ? tokens : tokens.slice(-Math.ceil(this.#blockSize / 2))
  }

  async #read(tokens: readonly number[]): Promise<Float32Array> {
    for (const cache of this.#caches) cache.reset()
    let scores: Float32Array = new Float32Array()
    for (const [place, token] of tokens.entries()) scores = await this.#scoresAfter(token, place)
    return scores
  }

  async #scoresAfter(token: number, place: number): Promise<Float32Array> {
    return (await this.#step(tensor(Int32Array.of(token), [1, 1]), tensor(Int32Array.of(place), [])).data()) as Float32Array
  }
}
