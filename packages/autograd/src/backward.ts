import { DTypeError, isFloat, markKept, type Node, onesLike, ShapeError, type Tensor } from '@tenon/tensor'
import { GradientError } from './errors.ts'
import { describe } from './origin.ts'
import { pullback } from './pullback.ts'
import { isVariableRead, variableOf } from './variables.ts'

export interface GradOptions {
  /** The gradient by each output: what the vector-Jacobian product is taken with. Needed where an output is not a single number. */
  readonly gradOutputs?: Tensor | readonly Tensor[]
  /** Gives zeros for an input that no output depends on, where otherwise an error says so. `materialize_grads` in PyTorch. */
  readonly allowUnused?: boolean
}

/** The gradient to begin with, checked: ones for a single number. */
function seed(fn: string, output: Tensor, gradient: Tensor | undefined): Tensor {
  const { shape, dtype } = output
  if (!isFloat(dtype)) throw new DTypeError(`${fn}: only floats have gradients, and ${describe(output.node)} is none; cast before the computation, not after it`)
  if (!gradient) {
    if (output.size === 1) return onesLike(output)
    throw new ShapeError(`${fn}: ${describe(output.node)} is not a single number; reduce it with sum() or mean(), or pass the gradient by it, of shape [${shape.join(', ')}]`)
  }
  if (gradient.shape.join() !== shape.join()) throw new ShapeError(`${fn}: the gradient passed has shape [${gradient.shape.join(', ')}], the value it is by has [${shape.join(', ')}]`)
  if (gradient.dtype !== dtype) throw new DTypeError(`${fn}: the gradient passed is ${gradient.dtype}, the value it is by is ${dtype}; cast one of them`)
  return gradient
}

const because = (cuts: ReadonlySet<string>): string =>
  cuts.size > 0 ? ` Paths were cut by: ${[...cuts].join(', ')}.` : ''

/**
 * d loss / d v into `v.grad`, for every Variable v with `requiresGrad` that `loss` was computed from; where there is a gradient already,
 * the new one is added to it. torch.Tensor.backward. Nothing is computed yet, and the graph can be walked again: call it as often as you like.
 *
 * @param loss one number, or any float tensor if `gradient` is given
 * @param gradient the gradient by `loss`, of its shape and dtype: v.grad = gradientᵀ · d loss / d v
 * @throws ShapeError, DTypeError if `loss` or `gradient` do not fit that
 * @throws GradientError if no Variable with `requiresGrad` is reached
 */
export function backward(loss: Tensor, gradient?: Tensor): void {
  const dy = seed('backward', loss, gradient)
  const { gradients, cuts } = pullback([loss], [dy], (node) => variableOf(node)?.requiresGrad === true)
  if (gradients.size === 0) {
    throw new GradientError(
      `backward: ${describe(loss.node)} depends on no Variable with requiresGrad, so there is nothing to leave a gradient in.${because(cuts)} ` +
        'Parameters have requiresGrad; set it on your own Variables, and compute the loss from them outside of noGrad.',
    )
  }
  markKept(loss)
  for (const [node, value] of gradients) {
    const variable = variableOf(node)!
    variable.grad = variable.grad ? variable.grad.add(value) : value
  }
}

const listOf = (x: Tensor | readonly Tensor[]): readonly Tensor[] => (Array.isArray(x) ? x : [x as Tensor])

/** A Variable stands for all reads of it, whatever was assigned in between; any other tensor for itself. */
const identity = (node: Node): object => (isVariableRead(node) ? node.attrs.state : node)

/**
 * Σ d output / d input for each input, summed over the outputs: torch.autograd.grad. The results are tensors like any other, so gradients of
 * gradients are `grad` of `grad` (PyTorch's create_graph, always). `.grad` stays as it is.
 *
 * @throws ShapeError, DTypeError if an output is not a single float and has no entry in `gradOutputs`, or that entry does not fit
 * @throws GradientError if an output depends on none of the inputs, unless `allowUnused`
 */
export function grad(outputs: Tensor | readonly Tensor[], inputs: Tensor | readonly Tensor[], options: GradOptions = {}): Tensor[] {
  const ys = listOf(outputs)
  const xs = listOf(inputs)
  const given = options.gradOutputs && listOf(options.gradOutputs)
  if (given && given.length !== ys.length) throw new ShapeError(`grad: ${ys.length} outputs need as many gradOutputs, got ${given.length}`)
  xs.forEach((x, i) => {
    if (!isFloat(x.dtype)) throw new DTypeError(`grad: only floats have gradients, and input ${i} is ${x.dtype}`)
  })
  const wanted = new Set(xs.map((x) => identity(x.node)))
  const dys = ys.map((y, i) => seed('grad', y, given?.[i]))
  const { gradients, cuts } = pullback(ys, dys, (node) => wanted.has(identity(node)))

  const sums = new Map<object, Tensor>()
  for (const [node, value] of gradients) {
    const sum = sums.get(identity(node))
    sums.set(identity(node), sum ? sum.add(value) : value)
  }
  return xs.map((x, i) => {
    const gradient = sums.get(identity(x.node))
    if (gradient) return gradient
    if (options.allowUnused) return zerosLike(x)
    throw new GradientError(
      `grad: no output depends on input ${i}, ${describe(x.node)}.${because(cuts)} Leave it out, compute the output from this very tensor, or say { allowUnused: true } for zeros.`,
    )
  })
}

export type GradsOf<Args extends readonly unknown[]> = { [I in keyof Args]: Args[I] extends Tensor ? Tensor : null }

/**
 * The function that gives `fn`'s value, one number, and its gradient by each argument that is a tensor (null for the others; zeros
 * where it does not matter). Works at any depth: valueAndGrad of a function that uses valueAndGrad. torch.func.grad_and_value.
 *
 *     const { value, grads: [dw] } = valueAndGrad((w: Tensor) => x.matmul(w).sub(y).square().mean())(w)
 *
 * @throws DTypeError from the returned function if a tensor argument is no float: let `fn` close over labels and indices
 */
export function valueAndGrad<Args extends readonly unknown[]>(fn: (...args: Args) => Tensor): (...args: Args) => { value: Tensor; grads: GradsOf<Args> } {
  return (...args) => {
    // each argument gets a node of its own, so that fn(x, x) has two gradients, and what lies before the arguments is not walked
    const own = args.map((arg) => (isTensor(arg) ? primitive('reshape', [arg], { shape: arg.shape }) : arg)) as unknown as Args
    const value = fn(...own)
    const tensors = own.filter(isTensor)
    const found = grad(value, tensors, { allowUnused: true })
    return { value, grads: own.map((arg) => (isTensor(arg) ? found[tensors.indexOf(arg)]! : null)) as GradsOf<Args> }
  }
}
