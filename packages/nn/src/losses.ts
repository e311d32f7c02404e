import {
  arange,
  DTypeError,
  logicalAnd,
  logsumexp,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
  UnsupportedError,
  where,
} from '@tenon/tensor'

export type Reduction = 'mean' | 'sum' | 'none'

export interface LossOptions {
  /** What becomes of the losses of the samples. Default 'mean'. */
  readonly reduction?: Reduction
}

/**
 * −log softmax(logits)[target], as logsumexp(logits) − logits[target], which neither overflows nor takes the log of 0.
 * Logits [N, C] or [N, C, d…] and int32 classes [N] or [N, d…]; or [C] and []. Gives a scalar, or the shape of the classes with
 * reduction 'none'. PyTorch: `torch.nn.functional.cross_entropy`.
 *
 * A class outside 0 … C − 1 is an error if the values of `target` are at hand, and a loss of NaN if they are on a device.
 *
 * @throws ShapeError if the shapes do not fit, DTypeError if the classes are not whole numbers, RangeError for a class outside 0 … C − 1.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const dim = classDim('crossEntropy', logits, target)
  return reduce('crossEntropy', logsumexp(logits, dim).sub(pick(logits, target, dim)), options)
}

/**
 * −logProbabilities[target]: the negative log likelihood, for log probabilities as `logSoftmax` gives them. Shapes and errors are
 * those of `crossEntropy`. PyTorch: `torch.nn.functional.nll_loss`.
 */
export function nllLoss(logProbabilities: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const dim = classDim('nllLoss', logProbabilities, target)
  return reduce('nllLoss', pick(logProbabilities, target, dim).neg(), options)
}

/**
 * (input − target)². Shapes must be equal: what broadcasts here is a mistake far more often than a wish, so it is left to `expand`.
 * PyTorch: `torch.nn.functional.mse_loss`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(`mseLoss expects a target of shape ${showShape(input.shape)}, that of the input, got ${showShape(target.shape)}`)
  }
  const difference = input.sub(target)
  return reduce('mseLoss', difference.mul(difference), options)
}

function reduce(op: string, losses: Tensor, { reduction = 'mean' }: LossOptions): Tensor {
  switch (reduction) {
    case 'mean':
      return losses.mean()
    case 'sum':
      return losses.sum()
    case 'none':
      return losses
    default:
      throw new RangeError(`${op}: reduction is 'mean', 'sum' or 'none', got '${String(reduction satisfies never)}'`)
  }
}

/** Checks scores against classes; gives the dimension of the classes. */
function classDim(op: string, scores: Tensor, target: Tensor): number {
  const dim = scores.ndim === 1 ? 0 : 1
  const { dtype } = target
  if (dtype !== 'int32' && dtype !== 'uint32') {
    if (dtype !== 'bool' && target.ndim === scores.ndim) {
      throw new UnsupportedError(
        `${op} takes classes as int32 so far, and no probabilities as targets: got ${dtype} ${showShape(target.shape)}`,
      )
    }
    throw new DTypeError(`${op} takes classes as int32, got ${dtype}; cast with target.cast('int32')`)
  }
  const expected = scores.shape.filter((_, d) => d !== dim)
  if (scores.ndim === 0 || !sameShape(target.shape, expected)) {
    throw new ShapeError(
      `${op} expects scores [N, C, ...] and classes [N, ...], got ${showShape(scores.shape)} and ${showShape(target.shape)}`,
    )
  }
  const classes = scores.shape[dim]!
  const bad = target.node.storage?.host?.find((value) => value < 0 || value >= classes)
  if (bad !== undefined) throw new RangeError(`${op}: class ${bad} is not among the ${classes} classes 0 … ${classes - 1}`)
  return dim
}

/**
 * scores[…, target, …], NaN for a class that does not exist: a sum over a mask, which fuses with the logsumexp beside it and whose gradient is
 * a mask again, where a gather would need a scatter.
 */
function pick(scores: Tensor, target: Tensor, dim: number): Tensor {
  const classes = scores.shape[dim]!
  const index = target.cast('int32').unsqueeze(dim) // [N, 1, d…]
  const numbers = arange(classes).reshape(scores.shape.map((_, d) => (d === dim ? classes : 1))) // [1, C, 1…]
  const picked = where(numbers.eq(index), scores, 0).sum(dim)
  const exists = logicalAnd(target.ge(0), target.lt(classes))
  return where(exists, picked, Number.NaN)
}
