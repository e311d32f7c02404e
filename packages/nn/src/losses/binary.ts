import { log, log1p, maximum, softplus, type Tensor, where } from '@tenon/tensor'
import { checkSameShape, type LossOptions, reduce } from './reduction.ts'

/** Options of `BCELoss` and `binaryCrossEntropy`. */
export interface BCEOptions extends LossOptions {
  /** Factors of the losses; broadcasts to the shape of the target. Default: all 1. */
  readonly weight?: Tensor | null
}

/** Options of `BCEWithLogitsLoss` and `binaryCrossEntropyWithLogits`. */
export interface BCEWithLogitsOptions extends BCEOptions {
  /** Factors of the losses where the target is 1; broadcasts to the shape of the target. Default: all 1. */
  readonly posWeight?: Tensor | null
}

/**
 * −weight · (t · log x + (1 − t) · log(1 − x)), for probabilities x and targets t in 0 … 1. Logs are no lower than −100, and have no
 * gradient where x is 0 or 1: prefer `binaryCrossEntropyWithLogits`, which loses nothing. NaN for x outside 0 … 1.
 * PyTorch: `torch.nn.functional.binary_cross_entropy`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function binaryCrossEntropy(input: Tensor, target: Tensor, options: BCEOptions = {}): Tensor {
  checkSameShape('binaryCrossEntropy', input, { target })
  const [zero, one] = [input.eq(0), input.eq(1)]
  const [logarithm, complement] = [log(where(zero, 1, input)), log1p(where(one, 0, input).neg())] // log x, log(1 − x)
  const losses = target
    .sub(1)
    .mul(bounded(one, complement))
    .sub(target.mul(bounded(zero, logarithm)))
  return reduce('binaryCrossEntropy', scaled(losses, options.weight), options)
}

/** At least −100, and so where it is infinite: a place that is kept out of the logarithm itself, lest the gradient be NaN. */
const bounded = (infinite: Tensor, logarithm: Tensor): Tensor => where(infinite, -100, maximum(logarithm, -100))

/**
 * The binary cross entropy of sigmoid(x), −weight · (posWeight · t · log σ(x) + (1 − t) · log(1 − σ(x))), as
 * (1 − t) · x + (1 + (posWeight − 1) · t) · softplus(−x), which is right for every x.
 * PyTorch: `torch.nn.functional.binary_cross_entropy_with_logits`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function binaryCrossEntropyWithLogits(input: Tensor, target: Tensor, options: BCEWithLogitsOptions = {}): Tensor {
  checkSameShape('binaryCrossEntropyWithLogits', input, { target })
  const { weight, posWeight } = options
  const tail = softplus(input.neg())
  const factor = posWeight ? posWeight.cast(input.dtype).sub(1).mul(target).add(1) : null
  const losses = target
    .neg()
    .add(1)
    .mul(input)
    .add(factor ? tail.mul(factor) : tail)
  return reduce('binaryCrossEntropyWithLogits', scaled(losses, weight), options)
}

const scaled = (losses: Tensor, weight: Tensor | null | undefined): Tensor => (weight ? losses.mul(weight.cast(losses.dtype)) : losses)
