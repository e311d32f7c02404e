/** `backward` fills `.grad`; `grad` and `valueAndGrad` give gradients as values. All three only build graphs. */
import {
  DTypeError,
  isFloat,
  isTensor,
  markGradient,
  markKept,
  type Node,
  onesLike,
  primitive,
  ShapeError,
  sameShape,
  showShape,
  type Tensor,
  zerosLike,
} from '@tenon/tensor'
import { GradientError } from './errors.ts'
import { describe, variableOf } from './nodes.ts'
import { pullback } from './pullback.ts'

/** Options of `grad`. */
export interface GradOptions {
  /**
   * The gradient by each output: what the vector-Jacobian product is taken with. Needed where an output is not a single
   * number.
   */
  readonly gradOutputs?: Tensor | readonly Tensor[]
  /** Gives zeros for an input that no output depends on, instead of an error: `materialize_grads` in PyTorch. */
  readonly allowUnused?: boolean
}

/** The gradient to begin with, checked; ones for a single number. */
function seed(fn: string, output: Tensor, gradient: Tensor | undefined): Tensor {
  const { shape, dtype } = output
  if (!isFloat(dtype)) {
    throw new DTypeError(
      `${fn}: only floats have gradients, and ${describe(output.node)} is none; cast before computing with it, not after`,
    )
  }
  if (!gradient) {
    if (output.size === 1) return onesLike(output)
    throw new ShapeError(
      `${fn}: ${describe(output.node)} is not a single number; reduce it with sum() or mean(), or pass the gradient by it, ${dtype} ${showShape(shape)}`,
    )
  }
  if (!sameShape(gradient.shape, shape)) {
    throw new ShapeError(`${fn}: the gradient passed has shape ${showShape(gradient.shape)}, the value it is by has ${showShape(shape)}`)
  }
  if (gradient.dtype !== dtype) {
    throw new DTypeError(`${fn}: the gradient passed is ${gradient.dtype}, the value it is by is ${dtype}; cast it with x.cast('${dtype}')`)
  }
  return gradient
}

const because = (cuts: ReadonlySet<string>): string => (cuts.size > 0 ? ` On the way, gradients were cut by ${[...cuts].join('; ')}.` : '')

/**
 * Leaves d loss / d v in `v.grad` for every Variable v with `requiresGrad` that `loss` was computed from; where there
 * is a gradient already, the new one is added to it. torch.Tensor.backward. Nothing is computed yet, and the graph
 * stays: call it as often as you like.
 *
 * @param loss a single number; or any float tensor, if `gradient` is given
 * @param gradient the gradient by `loss`, of its shape and dtype: v.grad = gradientᵀ · d loss / d v
 * @throws ShapeError, DTypeError if `loss` or `gradient` is not that
 * @throws GradientError if no Variable with `requiresGrad` is reached
 */
export function backward(loss: Tensor, gradient?: Tensor): void {
  const dy = seed('backward', loss, gradient)
  const { gradients, cuts } = pullback([loss], [dy], (node) => variableOf(node)?.requiresGrad === true)
  if (gradients.size === 0) {
    throw new GradientError(
      `backward: ${describe(loss.node)} depends on no Variable with requiresGrad, so there is nowhere to leave a gradient.${because(cuts)} ` +
        'Parameters have requiresGrad; set it on Variables of your own.',
    )
  }
  markKept(loss)
  for (const [node, value] of gradients) {
    const variable = variableOf(node)!
    variable.grad = variable.grad ? variable.grad.add(value) : value
    markGradient(variable.grad) // what reads the loss computes the gradients too, before a Variable on the way can change
  }
}

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] => (isTensor(x) ? [x] : x)

/** A Variable stands for all reads of it, whatever was assigned in between; any other tensor for itself. */
const identity = (node: Node): object => variableOf(node) ?? node

/**
 * The gradient by each input, summed over the outputs: torch.autograd.grad. `.grad` stays as it is. The results are
 * tensors like any other, so the gradient of a gradient is `grad` of `grad`, as with PyTorch's create_graph.
 *
 * @returns one tensor for each input, with its shape and dtype
 * @throws ShapeError, DTypeError if an output is no single float and has no gradient in `gradOutputs`, or one that
 *   does not fit
 * @throws GradientError if no output depends on one of the inputs, unless `allowUnused`
 */
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor | readonly Tensor[], options: GradOptions = {}): Tensor[] {
  const ys = listOf(outputs)
  const xs = listOf(inputs)
  const given = options.gradOutputs && listOf(options.gradOutputs)
  if (given && given.length !== ys.length) throw new ShapeError(`grad: ${ys.length} outputs need as many gradOutputs, got ${given.length}`)
  for (const [i, x] of xs.entries()) {
    if (!isFloat(x.dtype)) throw new DTypeError(`grad: only floats have gradients, and input ${i} is ${describe(x.node)}`)
  }
  const wanted = new Set(xs.map((x) => identity(x.node)))
  const dys = ys.map((y, i) => seed('grad', y, given?.[i]))
  const { gradients, cuts } = pullback(ys, dys, (node) => wanted.has(identity(node)))

  const sums = new Map<object, Tensor>()
  for (const [node, value] of gradients) sums.set(identity(node), sums.get(identity(node))?.add(value) ?? value)
  return xs.map((x, i) => {
    const sum = sums.get(identity(x.node))
    if (sum) return sum
    if (options.allowUnused) return zerosLike(x)
    throw new GradientError(
      `grad: no output depends on input ${i}, ${describe(x.node)}.${because(cuts)} ` +
        'Compute the outputs from this very tensor, or pass { allowUnused: true } to get zeros.',
    )
  })
}

/** One gradient for each argument that is a tensor. */
export type GradsOf<Args extends readonly unknown[]> = { [I in keyof Args]: Args[I] extends Tensor ? Tensor : null }

/**
 * The function that gives `fn`'s value, a single number, and its gradient by each argument that is a tensor: zeros
 * where the value does not depend on it, null for arguments that are no tensors. torch.func.grad_and_value. It nests:
 * `fn` may itself take gradients.
 *
 *     const { value, grads: [dw] } = valueAndGrad((w: Tensor) => x.matmul(w).sub(y).square().mean())(w)
 *
 * @throws DTypeError from the returned function, if a tensor argument is no float: let `fn` close over labels and
 *   indices
 */
export function valueAndGrad<Args extends readonly unknown[]>(
  fn: (...args: Args) => Tensor,
): (...args: Args) => { value: Tensor; grads: GradsOf<Args> } {
  return (...args) => {
    // Each argument gets a node of its own, so that fn(x, x) has two gradients, and what x was made of is not walked.
    const own = args.map((arg) => (isTensor(arg) ? primitive('reshape', [arg], { shape: arg.shape }) : arg))
    const value = fn(...(own as unknown as Args))
    const found = grad(value, own.filter(isTensor), { allowUnused: true })
    return { value, grads: own.map((arg) => (isTensor(arg) ? found.shift()! : null)) as GradsOf<Args> }
  }
}
