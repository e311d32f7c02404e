/**
 * The gradients: one row for each primitive, so that the compiler names the row that a new primitive still lacks.
 *
 * A rule is a vector-Jacobian product: from `dy`, the gradient of the loss by the primitive's output, it gives a thunk
 * for the gradient by each input, and only those that somebody wants are called. Rules are written with tensor ops, so
 * gradients have gradients. No rule thinks of broadcasting: operands of a primitive have equal shapes, and `expand`
 * undoes itself. Inputs that are no floats (indices, conditions) are never asked for. Where a derivative does not
 * exist, the value is PyTorch's.
 */
import type { Attrs, PrimitiveName } from '@tenon/tensor'
import { cos, exp, log, primitive, sin, type Tensor, UnsupportedError, where, zeros, zerosLike } from '@tenon/tensor'
import { convByInput, convByWeight } from './conv-rule.ts'
import { atFirst, negate, otherFactors, otherFactorsBefore, undoSlice, undoUnfold } from './rule-parts.ts'
import { scanGradients } from './scan-rule.ts'

/** As many as the primitive takes. */
type Inputs<P> = P extends 'concat' | 'scan' | 'custom' ? readonly Tensor[] : readonly [Tensor, Tensor, Tensor]

/** What a rule is given. */
export interface RuleArgs<P extends PrimitiveName> {
  /** The gradient by the output; it has the output's shape and dtype. */
  readonly dy: Tensor
  /** The output. */
  readonly y: Tensor
  readonly inputs: Inputs<P>
  readonly attrs: Attrs<P>
}

/** The gradient by each input, built when called; null where there is none. */
export type Gradients = readonly ((() => Tensor) | null)[]

/** No gradient flows through: the output is no float, or it is cut on purpose. */
export const notDifferentiable = 'not differentiable'
/** A vector-Jacobian product: one gradient for each input, computed when it is wanted. */
export type VjpRule<P extends PrimitiveName> = ((args: RuleArgs<P>) => Gradients) | typeof notDifferentiable

/** Flat almost everywhere. A gradient of zeros and not none, as in PyTorch: the variable was reached. */
const flat = ({ dy }: { readonly dy: Tensor }): Gradients => [() => zerosLike(dy)]

/** torch.maximum, torch.minimum: the winner takes it all, equals take half each. */
const winner = (dy: Tensor, loses: Tensor, ties: Tensor): Tensor => where(loses, 0, where(ties, dy.mul(0.5), dy))

const swapLast = (x: Tensor): Tensor => x.transpose(-1, -2)

/** The gradient of each primitive. */
export const rules: { readonly [P in PrimitiveName]: VjpRule<P> } = {
  // ── one operand ──
  neg: ({ dy }) => [() => dy.neg()],
  abs: ({ dy, inputs: [x] }) => [() => dy.mul(primitive('sign', [x], {}))],
  sign: flat,
  floor: flat,
  ceil: flat,
  round: flat,
  sqrt: ({ dy, y }) => [() => dy.div(y.mul(2))],
  recip: ({ dy, y }) => [() => dy.mul(y).mul(y).neg()],
  exp: ({ dy, y }) => [() => dy.mul(y)],
  expm1: ({ dy, y }) => [() => dy.mul(y.add(1))],
  log: ({ dy, inputs: [x] }) => [() => dy.div(x)],
  log1p: ({ dy, inputs: [x] }) => [() => dy.div(x.add(1))],
  sin: ({ dy, inputs: [x] }) => [() => dy.mul(cos(x))],
  cos: ({ dy, inputs: [x] }) => [() => dy.mul(sin(x)).neg()],
  tan: ({ dy, y }) => [() => dy.mul(y.mul(y).add(1))],
  tanh: ({ dy, y }) => [() => dy.sub(dy.mul(y).mul(y))],
  erf: ({ dy, inputs: [x] }) => [() => dy.mul(exp(x.mul(x).neg())).mul(2 / Math.sqrt(Math.PI))],
  relu: ({ dy, y }) => [() => where(y.le(0), 0, dy)],
  not: notDifferentiable,
  cast: ({ dy, inputs: [x] }) => [() => dy.cast(x.dtype)],

  // ── two operands ──
  add: ({ dy }) => [() => dy, () => dy],
  sub: ({ dy }) => [() => dy, () => dy.neg()],
  mul: ({ dy, inputs: [a, b] }) => [() => dy.mul(b), () => dy.mul(a)],
  div: ({ dy, y, inputs: [, b] }) => [() => dy.div(b), () => dy.mul(y).div(b).neg()],
  // b·aᵇ⁻¹ and aᵇ·ln a, without the 0·∞ that they would have at b = 0, and at a = 0 with b ≥ 0: both are 0 there
  pow: ({ dy, y, inputs: [a, b] }) => [
    () => dy.mul(b).mul(a.pow(where(b.eq(0), 0, b.sub(1)))),
    () => dy.mul(y).mul(log(where(primitive('and', [a.eq(0), b.ge(0)], {}), 1, a))),
  ],
  atan2: ({ dy, inputs: [a, b] }) => {
    const scaled = (): Tensor => dy.div(a.mul(a).add(b.mul(b)))
    return [() => scaled().mul(b), () => scaled().mul(a).neg()]
  },
  max: ({ dy, inputs: [a, b] }) => [() => winner(dy, a.lt(b), a.eq(b)), () => winner(dy, b.lt(a), a.eq(b))],
  min: ({ dy, inputs: [a, b] }) => [() => winner(dy, b.lt(a), a.eq(b)), () => winner(dy, a.lt(b), a.eq(b))],
  idiv: notDifferentiable,
  mod: notDifferentiable,
  lt: notDifferentiable,
  le: notDifferentiable,
  eq: notDifferentiable,
  ne: notDifferentiable,
  and: notDifferentiable,
  or: notDifferentiable,
  xor: notDifferentiable,
  shl: notDifferentiable,
  shr: notDifferentiable,

  // A select and not a product with the condition: NaN and ∞ of the side that was not taken stay out.
  where: ({ dy, inputs: [cond] }) => [null, () => where(cond, dy, 0), () => where(cond, 0, dy)],
  detach: notDifferentiable,
  randomBits: notDifferentiable,
  arange: notDifferentiable,

  // ── reductions ──
  reduceSum: ({ dy, inputs: [x] }) => [() => dy.expand(x.shape)],
  reduceProd: ({ dy, inputs: [x], attrs: { dims } }) => [() => otherFactors(dy, x, dims)],
  // the whole gradient to the first extreme, as torch.max(x, dim)
  reduceMax: ({ dy, inputs: [x], attrs }) => [() => atFirst(dy, x.shape, primitive('argmax', [x], attrs), attrs.dims)],
  reduceMin: ({ dy, inputs: [x], attrs }) => [() => atFirst(dy, x.shape, primitive('argmin', [x], attrs), attrs.dims)],
  argmax: notDifferentiable,
  argmin: notDifferentiable,

  // ── movement ──
  reshape: ({ dy, inputs: [x] }) => [() => dy.reshape(x.shape)],
  permute: ({ dy, attrs: { dims } }) => [() => dy.permute(dims.map((_, d) => dims.indexOf(d)))],
  expand: ({ dy, inputs: [x] }) => [
    () =>
      dy.sum(
        [...x.shape.keys()].filter((d) => x.shape[d] !== dy.shape[d]),
        { keepdim: true },
      ),
  ],
  pad: ({ dy, attrs: { padding } }) => [() => primitive('pad', [dy], { padding: negate(padding) })],
  slice: ({ dy, inputs: [x], attrs: { start, step } }) => [() => undoSlice(dy, x.shape, start, step)],
  flip: ({ dy, attrs: { dims } }) => [() => dy.flip(dims)],
  unfold: ({ dy, inputs: [x], attrs }) => [() => undoUnfold(dy, x.shape, attrs)],
  concat: ({ dy, inputs, attrs: { dim } }) => {
    let end = 0
    return inputs.map((x) => {
      const start = end
      end += x.shape[dim]!
      return () => dy.slice(dim, start, start + x.shape[dim]!)
    })
  },
  gather: ({ dy, inputs: [x, index], attrs: { dim } }) => [
    () => primitive('scatter', [zeros(x.shape, { dtype: x.dtype }), index, dy], { dim, op: 'add' }),
    null,
  ],
  scatter: ({ dy, inputs: [, index, src], attrs: { dim, op } }) => [
    // what was overwritten has no effect
    () => (op === 'add' ? dy : primitive('scatter', [dy, index, zerosLike(src)], { dim, op })),
    null,
    () => primitive('gather', [dy, index], { dim }),
  ],

  cumsum: ({ dy, attrs: { dim } }) => [() => primitive('cumsum', [dy.flip(dim)], { dim }).flip(dim)],
  cumprod: ({ dy, inputs: [x], attrs: { dim } }) => [() => otherFactorsBefore(dy, x, dim)],
  argsort: notDifferentiable,

  // ── products ──
  dot: ({ dy, inputs: [a, b] }) => [() => dy.matmul(swapLast(b)), () => swapLast(a).matmul(dy)],
  conv: ({ dy, inputs: [x, w], attrs }) => [() => convByInput(dy, x, w, attrs), () => convByWeight(dy, x, w, attrs)],

  // ── with a graph, or a rule, of their own ──
  scan: scanGradients,
  kernel: ({ attrs: { name } }) => {
    throw new UnsupportedError(`${name} has no gradient: give customKernel a backward, or call it on x.detach()`)
  },
  custom: ({ dy, y, inputs, attrs: { rule } }) => [null, ...rule({ dy, y, inputs: inputs.slice(1) })],
}
