import {
  arange,
  DTypeError,
  isFloat,
  logicalAnd,
  logicalNot,
  logicalOr,
  logSoftmax,
  logsumexp,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
  where,
} from '@tenon/tensor'
import { checkOption, type LossOptions, reduce } from './reduction.ts'

/** Options of `NLLLoss` and `nllLoss`. */
export interface NLLLossOptions extends LossOptions {
  /** The weight of each class, [C]: the mean is then the weighted one. Default: all 1. */
  readonly weight?: Tensor | null
  /** A class whose samples do not count, among the classes or not. Default −100. */
  readonly ignoreIndex?: number
}

/** Options of `CrossEntropyLoss` and `crossEntropy`. */
export interface CrossEntropyOptions extends NLLLossOptions {
  /** The share ε of each target that is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number
}

/**
 * −log softmax(logits)[target], as logsumexp(logits) − logits[target], which neither overflows nor takes the log of 0.
 * Logits [N, C] or [N, C, d…] and int32 classes [N] or [N, d…]; or [C] and []. Targets that are floats of the logits' shape are
 * probabilities: −Σ target · log softmax(logits) over the classes. Gives a scalar, or the shape of the classes with reduction 'none'.
 *
 * With weights w, a sample counts w[target] times, in the mean too: Σ wᵢ lossᵢ / Σ wᵢ; probabilities are multiplied by them, and the
 * mean is over the samples. PyTorch: `torch.nn.functional.cross_entropy`.
 *
 * A class outside 0 … C − 1 is an error if the values of `target` are at hand, and a loss of NaN if they are on a device.
 *
 * @throws ShapeError if the shapes do not fit, DTypeError if the classes are not whole numbers, RangeError for a class outside 0 … C − 1, or an
 *   option out of range.
 */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0 } = options
  checkOption(labelSmoothing >= 0 && labelSmoothing <= 1, `crossEntropy: labelSmoothing is a number with 0 ≤ ε ≤ 1, got ${labelSmoothing}`)
  if (isFloat(target.dtype) && sameShape(target.shape, logits.shape)) return softCrossEntropy(logits, target, options)
  const classes = readClasses('crossEntropy', logits, target, options)
  const { dim } = classes
  if (labelSmoothing === 0) return reduceClasses('crossEntropy', logsumexp(logits, dim).sub(pick(logits, classes)), classes, options)
  const logProbabilities = logSoftmax(logits, dim)
  const even = weighted(logProbabilities, classes.weight, dim).sum(dim) // [N, d…]
  const spread = even.mul(-labelSmoothing / logits.shape[dim]!)
  return reduceClasses('crossEntropy', pick(logProbabilities, classes).mul(labelSmoothing - 1), classes, options, spread)
}

/**
 * −logProbabilities[target]: the negative log likelihood, for log probabilities as `logSoftmax` gives them. Shapes, weights and errors are
 * those of `crossEntropy`. PyTorch: `torch.nn.functional.nll_loss`.
 */
export function nllLoss(logProbabilities: Tensor, target: Tensor, options: NLLLossOptions = {}): Tensor {
  const classes = readClasses('nllLoss', logProbabilities, target, options)
  return reduceClasses('nllLoss', pick(logProbabilities, classes).neg(), classes, options)
}

function softCrossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions): Tensor {
  const { labelSmoothing = 0, ignoreIndex, weight = null } = options
  checkOption(ignoreIndex === undefined, 'crossEntropy: ignoreIndex is for classes, and the target holds probabilities')
  const dim = classDim('crossEntropy', logits)
  checkWeight('crossEntropy', logits, weight, dim)
  const count = logits.shape[dim]!
  const smoothed = labelSmoothing === 0 ? target : target.mul(1 - labelSmoothing).add(labelSmoothing / count)
  const losses = weighted(logSoftmax(logits, dim).mul(smoothed), weight, dim).sum(dim).neg() // [N, d…]
  return reduce('crossEntropy', losses, options)
}

/** Targets that are classes, checked. */
interface Classes {
  /** int32, [N, d…] */
  readonly index: Tensor
  /** Where the classes are in the scores. */
  readonly dim: number
  readonly count: number
  readonly ignored: Tensor // bool, [N, d…]
  readonly weight: Tensor | null
}

function readClasses(op: string, scores: Tensor, target: Tensor, { weight = null, ignoreIndex = -100 }: NLLLossOptions): Classes {
  if (target.dtype !== 'int32' && target.dtype !== 'uint32') {
    throw new DTypeError(`${op} takes classes as int32, got ${target.dtype}; cast with target.cast('int32')`)
  }
  checkOption(Number.isInteger(ignoreIndex), `${op}: ignoreIndex is a whole number, got ${ignoreIndex}`)
  const dim = classDim(op, scores, target)
  const expected = scores.shape.filter((_, d) => d !== dim)
  if (!sameShape(target.shape, expected)) throw shapeError(op, scores, target)
  checkWeight(op, scores, weight, dim)
  const count = scores.shape[dim]!
  const host = target.node.storage?.host
  const bad = host?.findIndex((value) => value !== ignoreIndex && (value < 0 || value >= count)) ?? -1
  if (bad >= 0) {
    throw new RangeError(`${op}: class ${host![bad]} is not among the ${count} classes 0 … ${count - 1} (element ${bad} of the target)`)
  }
  const index = target.cast('int32')
  return { index, dim, count, ignored: index.eq(ignoreIndex), weight }
}

const shapeError = (op: string, scores: Tensor, target: Tensor): ShapeError =>
  new ShapeError(`${op} expects scores [N, C, ...] and classes [N, ...], got ${showShape(scores.shape)} and ${showShape(target.shape)}`)

function classDim(op: string, scores: Tensor, target: Tensor = scores): number {
  if (scores.ndim === 0) throw shapeError(op, scores, target)
  return scores.ndim === 1 ? 0 : 1
}

function checkWeight(op: string, scores: Tensor, weight: Tensor | null, dim: number): void {
  const count = scores.shape[dim]!
  if (weight && !sameShape(weight.shape, [count])) {
    throw new ShapeError(`${op} expects a weight for each of the ${count} classes, [${count}], got ${showShape(weight.shape)}`)
  }
}

/** [C] along the dimension of the classes. */
const alongClasses = (x: Tensor, { ndim }: Tensor, dim: number): Tensor =>
  x.reshape(Array.from({ length: ndim }, (_, d) => (d === dim ? x.size : 1)))

const weighted = (scores: Tensor, weight: Tensor | null, dim: number): Tensor =>
  weight ? scores.mul(alongClasses(weight.cast(scores.dtype), scores, dim)) : scores

/**
 * scores[…, target, …], 0 for a class that does not exist: a sum over a mask, which fuses with the logsumexp beside it and whose gradient is
 * a mask again, where a gather would need a scatter.
 */
function pick(scores: Tensor, { index, dim, count }: Classes): Tensor {
  const numbers = alongClasses(arange(count), scores, dim) // [1, C, 1…]
  return where(numbers.eq(index.unsqueeze(dim)), scores, 0).sum(dim)
}

/** Weighs the losses of samples, and leaves out those that are ignored; `spread` has its weights already. */
function reduceClasses(op: string, losses: Tensor, classes: Classes, options: LossOptions, spread: Tensor | null = null): Tensor {
  const { index, dim, count, ignored, weight } = classes
  const exists = logicalAnd(index.ge(0), index.lt(count))
  const known = where(logicalOr(exists, ignored), losses, Number.NaN)
  const own = weight && pick(alongClasses(weight.cast(losses.dtype), index.unsqueeze(dim), dim), classes) // [N, d…]
  const counted = own ? known.mul(own) : known
  const total = where(ignored, 0, spread ? counted.add(spread) : counted)
  return reduce(op, total, options, () => total.sum().div(own ? where(ignored, 0, own).sum() : logicalNot(ignored).sum().cast(total.dtype)))
}
