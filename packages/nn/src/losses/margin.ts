import { clamp, minimum, ShapeError, sameShape, showShape, sqrt, square, type Tensor, where } from '@tenon/tensor'
import { checkOption, checkSameShape, type LossOptions, reduce } from './reduction.ts'

/** Options of the losses with a margin. */
export interface MarginOptions extends LossOptions {
  /** The distance from which on there is nothing to lose; its default is that of the loss. */
  readonly margin?: number
}

/**
 * 1 − cos(a, b) where the target is 1, max(0, cos(a, b) − margin) where it is −1. Vectors [N, D] and targets [N], or [D] and []. The
 * margin is 0 by default. PyTorch: `torch.nn.functional.cosine_embedding_loss`.
 *
 * @throws ShapeError if the shapes do not fit.
 */
export function cosineEmbeddingLoss(input1: Tensor, input2: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const { margin = 0 } = options
  checkSameShape('cosineEmbeddingLoss', input1, { 'second input': input2 })
  const { shape, ndim } = input1
  if (ndim < 1 || ndim > 2 || !sameShape(target.shape, shape.slice(0, -1))) {
    throw new ShapeError(
      `cosineEmbeddingLoss expects inputs [N, D] and targets [N], or [D] and [], got ${showShape(shape)} and ${showShape(target.shape)}`,
    )
  }
  const norm = (x: Tensor): Tensor => square(x).sum(-1).add(1e-12)
  const cosine = input1
    .mul(input2)
    .sum(-1)
    .div(sqrt(norm(input1).mul(norm(input2)))) // [N]
  const apart = where(target.eq(-1), clamp(cosine.sub(margin), 0), 0)
  return reduce('cosineEmbeddingLoss', where(target.eq(1), cosine.neg().add(1), apart), options)
}

/** Options of `TripletMarginLoss` and `tripletMarginLoss`. */
export interface TripletMarginOptions extends MarginOptions {
  /** p of the norm, Infinity for the greatest difference. Default 2. */
  readonly p?: number
  /** Added to the differences, so that the root has a derivative. Default 1e-6. */
  readonly eps?: number
  /** Use the distance from positive to negative where it is the smaller one (Balntas et al. 2016). Default false. */
  readonly swap?: boolean
}

/**
 * max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin), the norms over the last dimension: [N, D] → [N]. The margin is 1 by
 * default. PyTorch: `torch.nn.functional.triplet_margin_loss`.
 *
 * @throws ShapeError if the shapes differ, RangeError unless p is above 0.
 */
export function tripletMarginLoss(anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletMarginOptions = {}): Tensor {
  const { margin = 1, p = 2, eps = 1e-6, swap = false } = options
  checkOption(p > 0, `tripletMarginLoss: p is a number above 0, got ${p}`)
  checkSameShape('tripletMarginLoss', anchor, { positive, negative })
  if (anchor.ndim === 0) throw new ShapeError('tripletMarginLoss expects vectors [N, D] or [D], got []')
  const distance = (a: Tensor, b: Tensor): Tensor => norm(a.sub(b).add(eps), p)
  const far = distance(anchor, negative)
  const away = swap ? minimum(far, distance(positive, negative)) : far
  return reduce('tripletMarginLoss', clamp(distance(anchor, positive).sub(away).add(margin), 0), options)
}

/** The p-norm over the last dimension. */
function norm(x: Tensor, p: number): Tensor {
  if (p === 2) return sqrt(square(x).sum(-1))
  if (p === 1) return x.abs().sum(-1)
  if (p === Infinity) return x.abs().max(-1)
  return x
    .abs()
    .pow(p)
    .sum(-1)
    .pow(1 / p)
}

/**
 * max(0, −target · (input1 − input2) + margin): the first is to be the greater where the target is 1, the second where it is −1. The margin is 0
 * by default. PyTorch: `torch.nn.functional.margin_ranking_loss`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function marginRankingLoss(input1: Tensor, input2: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const { margin = 0 } = options
  checkSameShape('marginRankingLoss', input1, { 'second input': input2, target })
  return reduce('marginRankingLoss', clamp(target.neg().mul(input1.sub(input2)).add(margin), 0), options)
}

/**
 * x where the target is 1, max(0, margin − x) where it is −1, for distances x. The margin is 1 by default.
 * PyTorch: `torch.nn.functional.hinge_embedding_loss`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function hingeEmbeddingLoss(input: Tensor, target: Tensor, options: MarginOptions = {}): Tensor {
  const { margin = 1 } = options
  checkSameShape('hingeEmbeddingLoss', input, { target })
  const apart = where(target.ne(1), clamp(input.neg().add(margin), 0), 0)
  return reduce('hingeEmbeddingLoss', where(target.ne(-1), input, 0).add(apart), options)
}
