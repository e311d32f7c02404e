import { clamp, exp, log, ShapeError, sameShape, showShape, square, type Tensor, where } from '@tenon/tensor'
import { checkOption, checkSameShape, type LossOptions, type Reduction, reduce } from './reduction.ts'

/** Options of `KLDivLoss` and `klDiv`. */
export interface KLDivOptions {
  /** 'batchmean' is the sum over the size of the first dimension: the divergence itself, where 'mean' is over all elements. Default 'mean'. */
  readonly reduction?: Reduction | 'batchmean'
  /** Whether the target is a log probability, as the input is. Default false. */
  readonly logTarget?: boolean
}

/**
 * target · (log target − input), for log probabilities as input: the Kullback-Leibler divergence of input from target, by elements; 0 where the
 * target is 0. PyTorch: `torch.nn.functional.kl_div`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function klDiv(input: Tensor, target: Tensor, { reduction = 'mean', logTarget = false }: KLDivOptions = {}): Tensor {
  checkSameShape('klDiv', input, { target })
  const losses = logTarget ? exp(target).mul(target.sub(input)) : divergence(input, target)
  if (reduction === 'batchmean') return losses.sum().div(input.shape[0] ?? 1)
  return reduce('klDiv', losses, { reduction })
}

function divergence(input: Tensor, target: Tensor): Tensor {
  const none = target.eq(0)
  return where(none, 0, target.mul(log(where(none, 1, target)).sub(where(none, 0, input))))
}

/** Options of `GaussianNLLLoss` and `gaussianNllLoss`. */
export interface GaussianNLLOptions extends LossOptions {
  /** Add the constant ½ log 2π. Default false. */
  readonly full?: boolean
  /** The least variance; below it there is no gradient. Default 1e-6. */
  readonly eps?: number
}

/**
 * ½ (log v + (input − target)² / v) with v = max(variance, eps): the negative log likelihood of a normal distribution around `input`.
 * The variance has the shape of the input, or without its last dimension, or with a last dimension of 1.
 * PyTorch: `torch.nn.functional.gaussian_nll_loss`.
 *
 * @throws ShapeError if the shapes do not fit, RangeError for a negative variance whose values are at hand, or unless eps is above 0.
 */
export function gaussianNllLoss(input: Tensor, target: Tensor, variance: Tensor, options: GaussianNLLOptions = {}): Tensor {
  const { full = false, eps = 1e-6 } = options
  checkOption(eps > 0, `gaussianNllLoss: eps is a number above 0, got ${eps}`)
  checkSameShape('gaussianNllLoss', input, { target })
  const bad = variance.node.storage?.host?.find((value) => value < 0)
  if (bad !== undefined) throw new RangeError(`gaussianNllLoss: a variance is ≥ 0, got ${bad}`)
  const v = clamp(variancesLike(input, variance), eps)
  const losses = log(v)
    .add(square(input.sub(target)).div(v))
    .mul(0.5)
  return reduce('gaussianNllLoss', full ? losses.add(0.5 * Math.log(2 * Math.PI)) : losses, options)
}

function variancesLike(input: Tensor, variance: Tensor): Tensor {
  const shared = input.shape.slice(0, -1)
  if (sameShape(variance.shape, input.shape) || (input.ndim > 0 && sameShape(variance.shape, [...shared, 1]))) return variance
  if (input.ndim > 0 && sameShape(variance.shape, shared)) return variance.unsqueeze(-1)
  throw new ShapeError(
    `gaussianNllLoss expects a variance of shape ${showShape(input.shape)}, or one for all of the last dimension, got ${showShape(variance.shape)}`,
  )
}

/** Options of `PoissonNLLLoss` and `poissonNllLoss`. */
export interface PoissonNLLOptions extends LossOptions {
  /** Whether the input is the log of the rate. Default true. */
  readonly logInput?: boolean
  /** Add log target!, by Stirling's formula where the target is above 1. Default false. */
  readonly full?: boolean
  /** Added to the rate before its log is taken, where `logInput` is false. Default 1e-8. */
  readonly eps?: number
}

/**
 * eˣ − target · x, or x − target · log(x + eps) without `logInput`: the negative log likelihood of a Poisson distribution, without its constant.
 * PyTorch: `torch.nn.functional.poisson_nll_loss`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function poissonNllLoss(input: Tensor, target: Tensor, options: PoissonNLLOptions = {}): Tensor {
  const { logInput = true, full = false, eps = 1e-8 } = options
  checkOption(eps >= 0, `poissonNllLoss: eps is a number ≥ 0, got ${eps}`)
  checkSameShape('poissonNllLoss', input, { target })
  const losses = logInput ? exp(input).sub(target.mul(input)) : input.sub(target.mul(log(input.add(eps))))
  return reduce('poissonNllLoss', full ? losses.add(stirling(target.cast(input.dtype))) : losses, options)
}

/** t log t − t + ½ log 2πt, 0 up to 1. */
function stirling(t: Tensor): Tensor {
  const above = t.gt(1)
  const safe = where(above, t, 1)
  const logarithm = log(safe)
  const value = safe
    .mul(logarithm)
    .sub(safe)
    .add(logarithm.add(Math.log(2 * Math.PI)).mul(0.5))
  return where(above, value, 0)
}
