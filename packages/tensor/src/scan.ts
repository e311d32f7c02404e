/** `scan`: a loop over the steps of stacked inputs. One node holds all that it gives, so that graph and gradients know a single op. */
import { DTypeError, isFloat, ShapeError } from '@tenon/kernel'
import { dependents, traceBody } from './body.ts'
import { traced } from './capture.ts'
import { context, Node } from './node.ts'
import { regionsOf, type ScanAttrs } from './primitives.ts'
import { type Shape, showShape, sizeOf } from './shape.ts'
import { primitive, Tensor } from './tensor.ts'
import { mapTensors } from './tree.ts'

/** Options of `scan`. */
export interface ScanOptions {
  /** From the last step to the first; `ys` stay in the order of `xs`. */
  readonly reverse?: boolean
  /** For the gradient, compute what matmuls and convolutions in the body gave again, instead of keeping it: less memory, more time. */
  readonly recompute?: boolean
}

const tensorsIn = (value: unknown): Tensor[] => {
  const found: Tensor[] = []
  mapTensors(value, (t) => found.push(t))
  return found
}

/** The same structure with these tensors. */
const filled = <T>(value: T, tensors: readonly Tensor[]): T => {
  let at = 0
  return mapTensors(value, () => tensors[at++]!) as T
}

/**
 * carry = init; then for each t: (carry, yₜ) = body(carry, xₜ), with xₜ = xs[t] along the first dimension. Gives the last carry and the stacked y.
 * The graph does not grow with the number of steps, and the gradient is a scan too. jax.lax.scan.
 *
 * `init`, `xs` and `y` are tensors, or arrays and plain objects of them; carries and y are floats of one dtype. `body` runs once, to see what it
 * computes: tensors that it closes over are constants of the loop; it reads no value, assigns no variable and draws no random number.
 *
 * @throws ShapeError, DTypeError if the lengths of `xs` differ, or the carry that `body` gives is not like `init`
 */
export function scan<C, X, Y>(
  body: (carry: C, x: X) => { carry: C; y: Y },
  init: C,
  xs: X,
  { reverse = false, recompute = false }: ScanOptions = {},
): { carry: C; ys: Y } {
  const [inits, stacks] = [tensorsIn(init), tensorsIn(xs)]
  const length = stacks[0]?.shape[0]
  if (length === undefined || stacks.some((x) => x.shape[0] !== length)) {
    const shapes = stacks.map((x) => showShape(x.shape)).join(', ')
    throw new ShapeError(`scan: xs lie along their first dimension, which must be there and the same for all; got ${shapes || 'none'}`)
  }
  const placeholder = (t: Tensor, shape: Shape): Tensor => new Tensor(new Node('input', [], { slot: -1 }, shape, t.dtype, null))
  const before = inits.map((t) => placeholder(t, t.shape))
  const step = stacks.map((t) => placeholder(t, t.shape.slice(1)))
  const result = traced(() => body(filled(init, before), filled(xs, step)))
  const [next, given] = [tensorsIn(result.carry), tensorsIn(result.y)]
  checkLike(init, result.carry)
  const dtype = [...next, ...given][0]?.dtype
  const odd = [...next, ...given].find((t) => !isFloat(t.dtype) || t.dtype !== dtype)
  if (odd) throw new DTypeError(`scan: carries and what each step gives are floats of one dtype, got ${odd.dtype} beside ${dtype}; cast it`)
  if (dtype === undefined) return { carry: init, ys: result.y }

  const placeholders = [...before, ...step].map((t) => t.node)
  const dependent = dependents(
    placeholders,
    [...next, ...given].map((t) => t.node),
  )
  const roots: Node[] = []
  /** A node that the body computes, for one place alone. */
  const addRoot = ({ node, shape }: Tensor): number => {
    const own = dependent.has(node) && !placeholders.includes(node) && !roots.includes(node)
    return roots.push(own ? node : primitive('reshape', [new Tensor(node)], { shape }).node) - 1
  }
  next.forEach(addRoot)
  const places = given.map((t) => (roots.includes(t.node) ? roots.indexOf(t.node) : addRoot(t)))
  const { body: graph, closure } = traceBody(placeholders, roots, context.tracking && !recompute)
  const attrs: ScanAttrs = { body: graph, length, reverse, carries: inits.length, xs: stacks.length }
  const all = primitive('scan', [...inits, ...stacks, ...closure.map((node) => new Tensor(node))], attrs)
  const last = reverse ? 0 : length
  return {
    carry: filled(
      init,
      inits.map((_, i) => entriesOf(all, attrs, i, last, last + 1).reshape(inits[i]!.shape)),
    ),
    ys: filled(
      result.y,
      places.map((r) => (r < inits.length ? after(all, attrs, r) : entriesOf(all, attrs, r))),
    ),
  }
}

/** Entries of a region of a scan's value: [entries, ...]. */
export function entriesOf(all: Tensor, attrs: ScanAttrs, root: number, from = 0, to?: number): Tensor {
  const { start, entries, shape } = regionsOf(attrs)[root]!
  const [size, end] = [sizeOf(shape), to ?? entries]
  return all.slice(0, start + from * size, start + end * size).reshape([end - from, ...shape])
}

/** A carry as each step found it, and as each step left it: [length, ...]. */
export const before = (all: Tensor, attrs: ScanAttrs, carry: number): Tensor =>
  attrs.reverse ? entriesOf(all, attrs, carry, 1) : entriesOf(all, attrs, carry, 0, attrs.length)
/** The carry as each step left it: [length, ...]. */
export const after = (all: Tensor, attrs: ScanAttrs, carry: number): Tensor =>
  attrs.reverse ? entriesOf(all, attrs, carry, 0, attrs.length) : entriesOf(all, attrs, carry, 1)

function checkLike(init: unknown, carry: unknown): void {
  const kinds = (value: unknown): string => JSON.stringify(mapTensors(value, (t) => `${t.dtype} ${showShape(t.shape)}`))
  const [wanted, got] = [kinds(init), kinds(carry)]
  if (wanted !== got) throw new ShapeError(`scan: the body must give a carry like the one it gets, ${wanted}; it gives ${got}`)
}
