import { maximum, rsqrt, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'

/** Options of `CosineSimilarity`. */
export interface CosineSimilarityOptions {
  /** Along which the vectors lie. Default 1. */
  readonly dim?: number
  /** The least length that a vector counts with. Default 1e-8. */
  readonly eps?: number
}

/**
 * x₁ · x₂ / (max(‖x₁‖, eps) · max(‖x₂‖, eps)) along `dim`; shapes broadcast. PyTorch: `torch.nn.CosineSimilarity`, whose gradient goes through
 * a length below eps as well; ours is that of the formula.
 */
export class CosineSimilarity extends Module {
  readonly dim: number
  readonly eps: number

  constructor({ dim = 1, eps = 1e-8 }: CosineSimilarityOptions = {}) {
    super()
    this.dim = dim
    this.eps = eps
  }

  /** [..., d, ...], [..., d, ...] → [..., ...] */
  forward(x1: Tensor, x2: Tensor): Tensor {
    // The maximum of the squares, so that a vector of zeros has a gradient.
    const inverse = (x: Tensor): Tensor => rsqrt(maximum(x.mul(x).sum(this.dim), this.eps ** 2))
    return x1.mul(x2).sum(this.dim).mul(inverse(x1)).mul(inverse(x2))
  }

  override extraRepr(): string {
    return `dim=${this.dim}, eps=${this.eps}`
  }
}
