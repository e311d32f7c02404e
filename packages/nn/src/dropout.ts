import { type Generator, rand, type Tensor, where } from '@tenon/tensor'
import { Module } from './module.ts'

export interface DropoutOptions {
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
}

/**
 * While training, each element is 0 with probability p and x / (1 − p) otherwise, so that its mean stays; in `eval()`, y = x. The
 * elements are drawn anew at each call, in each run of a jitted function too. PyTorch: `torch.nn.Dropout`.
 *
 * @throws RangeError unless 0 ≤ p ≤ 1.
 */
export class Dropout extends Module {
  readonly p: number
  readonly #random: DropoutOptions

  constructor(p = 0.5, options: DropoutOptions = {}) {
    super()
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Dropout takes a probability between 0 and 1, got ${p}`)
    this.p = p
    this.#random = options
  }

  /** any shape → same */
  forward(x: Tensor): Tensor {
    if (!this.training || this.p === 0) return x
    const kept = rand(x.shape, this.#random).ge(this.p)
    const scale = this.p === 1 ? 0 : 1 / (1 - this.p)
    return where(kept, x.mul(scale), 0)
  }

  override extraRepr(): string {
    return `p=${this.p}`
  }
}
