import { type Generator, rand, type Shape, ShapeError, showShape, type Tensor, where } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'

/** Options of `Dropout`. */
export interface DropoutOptions {
  /** Where the random numbers come from. Default: the generator that `manualSeed` seeds. */
  readonly generator?: Generator
}

abstract class RandomZeros extends Module {
  readonly p: number
  readonly #random: DropoutOptions

  constructor(p: number, options: DropoutOptions) {
    super()
    if (!(p >= 0 && p <= 1)) throw new RangeError(`${this.constructor.name} takes a probability between 0 and 1, got ${p}`)
    this.p = p
    this.#random = options
  }

  /** Of the mask, whose elements are drawn one by one; it broadcasts over x. */
  protected abstract maskShape(x: Tensor): Shape

  /** any shape → same */
  forward(x: Tensor): Tensor {
    const shape = this.maskShape(x)
    if (!this.training || this.p === 0) return x
    const kept = rand(shape, this.#random).ge(this.p)
    const scale = this.p === 1 ? 0 : 1 / (1 - this.p)
    return where(kept, x.mul(scale), 0)
  }

  override extraRepr(): string {
    return `p=${this.p}`
  }
}

/**
 * While training, each element is 0 with probability p and x / (1 − p) otherwise, so that its mean stays; in `eval()`, y = x. The
 * elements are drawn anew at each call, in each run of a jitted function too. PyTorch: `torch.nn.Dropout`.
 *
 * @throws RangeError unless 0 ≤ p ≤ 1.
 */
export class Dropout extends RandomZeros {
  constructor(p = 0.5, options: DropoutOptions = {}) {
    super(p, options)
  }

  protected override maskShape(x: Tensor): Shape {
    return x.shape
  }
}

/**
 * As Dropout, for whole channels: neighbouring pixels are alike, so a zero among them hides little. PyTorch: `torch.nn.Dropout2d`;
 * Tompson et al. 2015.
 *
 * @throws RangeError unless 0 ≤ p ≤ 1, ShapeError if the input is neither [N, C, H, W] nor [N, C, L].
 */
export class Dropout2d extends RandomZeros {
  constructor(p = 0.5, options: DropoutOptions = {}) {
    super(p, options)
  }

  protected override maskShape(x: Tensor): Shape {
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new ShapeError(`${modulePath(this)} expects [N, C, H, W] or [N, C, L], got ${showShape(x.shape)}`)
    }
    return x.shape.map((size, d) => (d < 2 ? size : 1))
  }
}
