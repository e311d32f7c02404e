/**
 * The primitives: everything else is composed of these. One row each: what shape and dtype come out, and how an element
 * is computed. Gradients stand in autograd's table, which the compiler checks against `PrimitiveName`.
 */
import type { BinaryOp, DType, Expr, ExprPool, LoopKernel, ReduceOp, UnaryOp } from '@tenon/kernel'
import { DTypeError, isComparison, isFloat, ShapeError } from '@tenon/kernel'
import type { Body } from './body.ts'
import type { Node } from './node.ts'
import { type Shape, sameShape, showShape, sizeOf, stridesOf } from './shape.ts'
import type { Tensor } from './tensor.ts'

type None = Record<string, never>

/** What a convolution is given beside its inputs. */
export interface ConvAttrs {
  readonly stride: readonly number[]
  readonly padLow: readonly number[]
  readonly padHigh: readonly number[]
  readonly dilation: readonly number[]
  readonly inputDilation: readonly number[]
}

/** Attributes of the primitives that have some. */
export interface AttrsOf {
  cast: { readonly dtype: DType }
  reduceSum: { readonly dims: readonly number[] }
  reduceProd: { readonly dims: readonly number[] }
  reduceMax: { readonly dims: readonly number[] }
  reduceMin: { readonly dims: readonly number[] }
  argmax: { readonly dims: readonly number[] }
  argmin: { readonly dims: readonly number[] }
  reshape: { readonly shape: Shape }
  permute: { readonly dims: readonly number[] }
  expand: { readonly shape: Shape }
  pad: { readonly padding: readonly (readonly [number, number])[] }
  slice: { readonly start: readonly number[]; readonly end: readonly number[]; readonly step: readonly number[] }
  flip: { readonly dims: readonly number[] }
  unfold: { readonly dim: number; readonly size: number; readonly step: number; readonly dilation: number }
  concat: { readonly dim: number }
  gather: { readonly dim: number }
  scatter: { readonly dim: number; readonly op: 'add' | 'set' }
  cumsum: { readonly dim: number }
  cumprod: { readonly dim: number }
  argsort: { readonly dim: number; readonly descending: boolean; readonly count: number }
  conv: ConvAttrs
  scan: ScanAttrs
  custom: { readonly rule: CustomRule }
  kernel: KernelAttrs
}

/** A kernel that came from outside: its buffers are the inputs in order, row-major, and then the output, which its last stage stores. */
export interface KernelAttrs {
  readonly name: string
  readonly shape: Shape
  readonly dtype: DType
  readonly body: Pick<LoopKernel, 'grid' | 'stages'> & { toJSON(): string }
}

/** The gradient by each of the inputs after the first, built when called. */
export type CustomRule = (args: {
  readonly dy: Tensor
  readonly y: Tensor
  readonly inputs: readonly Tensor[]
}) => readonly ((() => Tensor) | null)[]

/** What a scan is given beside its inputs. */
export interface ScanAttrs {
  readonly body: Body
  readonly length: number
  readonly reverse: boolean
  /** How many of the inputs are carries; as many are slices of `xs`; the rest is what the body closes over. */
  readonly carries: number
  readonly xs: number
}

type Plain = UnaryOp | BinaryOp | 'relu' | 'where' | 'randomBits' | 'arange' | 'dot' | 'detach'
/** The ops that everything else is composed of. */
export type PrimitiveName = Plain | keyof AttrsOf
/** What else a primitive is given beside its inputs. */
export type Attrs<P extends PrimitiveName> = P extends keyof AttrsOf ? AttrsOf[P] : P extends 'arange' ? { readonly length: number } : None

/** Where an element comes from: an index into the input, and the condition outside which it is 0. */
export interface Source {
  readonly index: readonly Expr[]
  readonly valid: Expr | null
}

/** How an element of the output is computed. */
export type Lowering<P extends PrimitiveName> =
  | {
      readonly kind: 'pointwise'
      readonly cost: number
      emit(p: ExprPool, args: readonly Expr[], attrs: Attrs<P>): Expr
    }
  | { readonly kind: 'movement'; source(p: ExprPool, index: readonly Expr[], attrs: Attrs<P>, input: Shape): Source }
  | { readonly kind: 'reduce'; readonly op: ReduceOp }
  | { readonly kind: 'index'; emit(p: ExprPool, index: readonly Expr[]): Expr }
  | { readonly kind: 'concat' | 'gather' }
  /** What reads elements many times has its inputs in memory, perhaps through views; the others compute them in place. */
  | { readonly kind: 'launch'; readonly reads: 'memory' | 'values'; readonly epilogue: boolean }
  | { readonly kind: 'scan' }

export interface Primitive<P extends PrimitiveName> {
  infer(inputs: readonly Node[], attrs: Attrs<P>): { shape: Shape; dtype: DType }
  readonly lowering: Lowering<P>
}

// ── pointwise ──

const cheap = 1
const costly = 8
const transcendental = ['exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tan', 'tanh', 'erf'] as const
const costlyOps: ReadonlySet<string> = new Set<UnaryOp | BinaryOp>([...transcendental, 'pow', 'atan2', 'idiv', 'mod'])
const costOf = (op: string): number => (costlyOps.has(op) ? costly : cheap)

const floatUnary: ReadonlySet<UnaryOp> = new Set<UnaryOp>([...transcendental, 'floor', 'ceil', 'round', 'sqrt', 'recip'])

function checkDType(op: string, ok: boolean, dtype: DType, wanted: string): void {
  if (!ok) throw new DTypeError(`${op} takes ${wanted}, got ${dtype}; cast with x.cast(dtype)`)
}

const unary = <Op extends UnaryOp>(op: Op): Primitive<Op> => ({
  infer: ([x]) => {
    if (floatUnary.has(op)) checkDType(op, isFloat(x!.dtype), x!.dtype, 'a float tensor')
    if (op === 'not') checkDType(op, x!.dtype === 'bool', x!.dtype, 'a bool tensor')
    return x!
  },
  lowering: { kind: 'pointwise', cost: costOf(op), emit: (p, [x]) => p.unary(op, x!) },
})

const intOnly: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['idiv', 'mod', 'shl', 'shr'])
const bitwise: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['and', 'or', 'xor'])
const floatBinary: ReadonlySet<BinaryOp> = new Set<BinaryOp>(['div', 'pow', 'atan2'])

const binary = <Op extends BinaryOp>(op: Op): Primitive<Op> => ({
  infer: ([a, b]) => {
    const dtype = a!.dtype
    if (!sameShape(a!.shape, b!.shape)) throw new ShapeError(`${op}: shapes ${showShape(a!.shape)} and ${showShape(b!.shape)} differ`)
    if (dtype !== b!.dtype) throw new DTypeError(`${op}: dtypes ${dtype} and ${b!.dtype} differ; cast one of them with x.cast(dtype)`)
    if (floatBinary.has(op)) checkDType(op, isFloat(dtype), dtype, 'float tensors')
    if (intOnly.has(op)) checkDType(op, dtype === 'int32' || dtype === 'uint32', dtype, 'integer tensors')
    if (bitwise.has(op)) checkDType(op, !isFloat(dtype), dtype, 'bool or integer tensors')
    return { shape: a!.shape, dtype: isComparison(op) ? 'bool' : dtype }
  },
  lowering: { kind: 'pointwise', cost: costOf(op), emit: (p, [a, b]) => p.binary(op, a!, b!) },
})

/** A primitive, so that its gradient can ask the output where it was 0: the input is then read by nobody else, and need not be stored. */
const relu: Primitive<'relu'> = {
  infer: ([x]) => {
    checkDType('relu', x!.dtype !== 'bool', x!.dtype, 'numbers')
    return x!
  },
  lowering: {
    kind: 'pointwise',
    cost: cheap,
    emit: (p, [x]) => {
      const zero = p.literal(x!.dtype, 0)
      return p.select(p.binary('le', x!, zero), zero, x!) // NaN stays
    },
  },
}

const where: Primitive<'where'> = {
  infer: ([cond, a, b]) => {
    checkDType('where', cond!.dtype === 'bool', cond!.dtype, 'a bool condition')
    if (a!.dtype !== b!.dtype) throw new DTypeError(`where: dtypes ${a!.dtype} and ${b!.dtype} of the two values differ`)
    return a!
  },
  lowering: { kind: 'pointwise', cost: cheap, emit: (p, [c, a, b]) => p.select(c!, a!, b!) },
}

const cast: Primitive<'cast'> = {
  infer: ([x], { dtype }) => ({ shape: x!.shape, dtype }),
  lowering: { kind: 'pointwise', cost: cheap, emit: (p, [x], { dtype }) => p.cast(dtype, x!) },
}

/** The first input: `detach` has no gradient, that of `custom` goes to the other inputs by a rule of its own. */
const same: Primitive<'detach'> & Primitive<'custom'> = {
  infer: ([x]) => x!,
  lowering: { kind: 'pointwise', cost: 0, emit: (_, [x]) => x! },
}

/**
 * Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the first word of the block whose
 * counter is (c0, c1) under the key (k0, k1). All uint32.
 */
const randomBits: Primitive<'randomBits'> = {
  infer: ([x]) => x!,
  lowering: {
    kind: 'pointwise',
    cost: 100,
    emit: (p, [c0, c1, k0, k1]) => {
      const u = (v: number): Expr => p.literal('uint32', v)
      const rotl = (v: Expr, n: number): Expr => p.binary('or', p.binary('shl', v, u(n)), p.binary('shr', v, u(32 - n)))
      const keys = [k0!, k1!, p.binary('xor', p.binary('xor', u(0x1bd11bda), k0!), k1!)]
      const rotations = [
        [13, 15, 26, 6],
        [17, 29, 16, 24],
      ]
      let a = p.add(c0!, keys[0]!)
      let b = p.add(c1!, keys[1]!)
      for (let group = 0; group < 5; group++) {
        for (const n of rotations[group % 2]!) {
          a = p.add(a, b)
          b = p.binary('xor', rotl(b, n), a)
        }
        a = p.add(a, keys[(group + 1) % 3]!)
        b = p.add(p.add(b, keys[(group + 2) % 3]!), u(group + 1))
      }
      return a
    },
  },
}

const arange: Primitive<'arange'> = {
  infer: (_, { length }) => ({ shape: [length], dtype: 'int32' }),
  lowering: { kind: 'index', emit: (_, [i]) => i! },
}

// ── reductions: the dimensions stay, with size 1 ──

const reduce = <P extends 'reduceSum' | 'reduceProd' | 'reduceMax' | 'reduceMin' | 'argmax' | 'argmin'>(
  name: P,
  op: ReduceOp,
): Primitive<P> => ({
  infer: ([x], attrs) => {
    const { dims } = attrs as AttrsOf['reduceSum']
    checkDType(name, x!.dtype !== 'bool' || op === 'argmax' || op === 'argmin', x!.dtype, 'numbers')
    const needsElements = op !== 'sum' && op !== 'prod'
    if (needsElements && sizeOf(x!.shape) === 0 && dims.some((d) => x!.shape[d] === 0)) {
      throw new ShapeError(`${op} of no elements is undefined: shape ${showShape(x!.shape)}, reduced over [${dims.join(', ')}]`)
    }
    const shape = x!.shape.map((d, i) => (dims.includes(i) ? 1 : d))
    return { shape, dtype: op === 'argmax' || op === 'argmin' ? 'int32' : x!.dtype }
  },
  lowering: { kind: 'reduce', op },
})

// ── movement: index arithmetic, never a copy ──

/** Row-major position of an index. */
export const flatten = (p: ExprPool, index: readonly Expr[], shape: Shape): Expr => {
  const strides = stridesOf(shape)
  return index.reduce((sum, i, d) => p.scaleAdd(i, strides[d]!, sum), p.int(0))
}

/** The index at a row-major position. */
export const unflatten = (p: ExprPool, flat: Expr, shape: Shape): Expr[] => {
  const strides = stridesOf(shape)
  return shape.map((size, d) => {
    if (size === 1) return p.int(0)
    const q = p.binary('idiv', flat, p.int(strides[d]!))
    return d === 0 ? q : p.binary('mod', q, p.int(size))
  })
}

const within = (p: ExprPool, i: Expr, low: number, high: number): Expr =>
  p.and(p.binary('le', p.int(low), i), p.binary('lt', i, p.int(high)))!

const reshape: Primitive<'reshape'> = {
  infer: ([x], { shape }) => ({ shape, dtype: x!.dtype }),
  lowering: {
    kind: 'movement',
    source: (p, index, { shape }, input) => ({
      index: sizeOf(shape) ? unflatten(p, flatten(p, index, shape), input) : input.map(() => p.int(0)),
      valid: null,
    }),
  },
}

const permute: Primitive<'permute'> = {
  infer: ([x], { dims }) => ({ shape: dims.map((d) => x!.shape[d]!), dtype: x!.dtype }),
  lowering: {
    kind: 'movement',
    source: (_, index, { dims }) => ({ index: dims.map((_d, i) => index[dims.indexOf(i)]!), valid: null }),
  },
}

const expand: Primitive<'expand'> = {
  infer: ([x], { shape }) => ({ shape, dtype: x!.dtype }),
  lowering: {
    kind: 'movement',
    source: (p, index, _, input) => ({
      index: input.map((size, d) => (size === 1 ? p.int(0) : index[d]!)),
      valid: null,
    }),
  },
}

const pad: Primitive<'pad'> = {
  infer: ([x], { padding }) => ({
    shape: x!.shape.map((d, i) => d + padding[i]![0] + padding[i]![1]),
    dtype: x!.dtype,
  }),
  lowering: {
    kind: 'movement',
    source: (p, index, { padding }, input) => {
      const source = index.map((i, d) => p.sub(i, p.int(padding[d]![0])))
      const valid = source.reduce<Expr | null>((v, i, d) => p.and(v, within(p, i, 0, input[d]!)), null)
      return { index: source, valid }
    },
  },
}

const slice: Primitive<'slice'> = {
  infer: ([x], { start, end, step }) => ({
    shape: start.map((s, d) => Math.max(0, Math.ceil((end[d]! - s) / step[d]!))),
    dtype: x!.dtype,
  }),
  lowering: {
    kind: 'movement',
    source: (p, index, { start, step }) => ({
      index: index.map((i, d) => p.scaleAdd(i, step[d]!, p.int(start[d]!))),
      valid: null,
    }),
  },
}

const flip: Primitive<'flip'> = {
  infer: ([x]) => x!,
  lowering: {
    kind: 'movement',
    source: (p, index, { dims }, input) => ({
      index: index.map((i, d) => (dims.includes(d) ? p.sub(p.int(input[d]! - 1), i) : i)),
      valid: null,
    }),
  },
}

const unfold: Primitive<'unfold'> = {
  infer: ([x], { dim, size, step, dilation }) => {
    const span = (size - 1) * dilation + 1
    const shape = [...x!.shape, size]
    shape[dim] = Math.floor((x!.shape[dim]! - span) / step) + 1
    return { shape, dtype: x!.dtype }
  },
  lowering: {
    kind: 'movement',
    source: (p, index, { dim, step, dilation }) => {
      const tap = index.at(-1)!
      const source = index.slice(0, -1)
      source[dim] = p.add(p.mul(source[dim]!, p.int(step)), p.mul(tap, p.int(dilation)))
      return { index: source, valid: null }
    },
  },
}

const concat: Primitive<'concat'> = {
  infer: (parts, { dim }) => {
    const first = parts[0]!
    for (const part of parts) {
      if (part.dtype !== first.dtype) throw new DTypeError(`concat: dtypes ${first.dtype} and ${part.dtype} differ`)
      if (part.shape.length !== first.shape.length || part.shape.some((d, i) => i !== dim && d !== first.shape[i])) {
        throw new ShapeError(`concat along ${dim}: shapes ${showShape(first.shape)} and ${showShape(part.shape)} differ elsewhere`)
      }
    }
    const total = parts.reduce((sum, part) => sum + part.shape[dim]!, 0)
    return { shape: first.shape.map((d, i) => (i === dim ? total : d)), dtype: first.dtype }
  },
  lowering: { kind: 'concat' },
}

/** out[…i…] = x[…index[…i…]…] along `dim`, as torch.gather; an index outside the dimension gives 0. */
const gather: Primitive<'gather'> = {
  infer: ([x, index]) => ({ shape: index!.shape, dtype: x!.dtype }),
  lowering: { kind: 'gather' },
}

// ── kernels of their own ──

const scatter: Primitive<'scatter'> = {
  infer: ([base]) => base!,
  lowering: { kind: 'launch', reads: 'values', epilogue: false },
}

const cumulative = <P extends 'cumsum' | 'cumprod'>(name: P): Primitive<P> => ({
  infer: ([x]) => {
    checkDType(name, x!.dtype !== 'bool', x!.dtype, 'numbers')
    return x!
  },
  lowering: { kind: 'launch', reads: 'values', epilogue: false },
})

/** Stable; NaN is the greatest. Only the first `count` along `dim` may be read. */
const argsort: Primitive<'argsort'> = {
  infer: ([x]) => ({ shape: x!.shape, dtype: 'int32' }),
  lowering: { kind: 'launch', reads: 'values', epilogue: false },
}

/** a [...batch, m, k] · b [...batch, k, n] → [...batch, m, n], the batch dimensions equal. */
const dot: Primitive<'dot'> = {
  infer: ([a, b]) => {
    if (a!.dtype !== b!.dtype)
      throw new DTypeError(`matmul: dtypes ${a!.dtype} and ${b!.dtype} differ; cast one of them with x.cast(dtype)`)
    checkDType('matmul', a!.dtype !== 'bool', a!.dtype, 'numbers')
    return { shape: [...a!.shape.slice(0, -1), b!.shape.at(-1)!], dtype: a!.dtype }
  },
  lowering: { kind: 'launch', reads: 'memory', epilogue: true },
}

/** x [n, g, c, ...spatial] ⋆ w [g, o, c, ...kernel] → [n, g, o, ...output] (cross-correlation). Padding may be negative, which crops. */
const conv: Primitive<'conv'> = {
  infer: ([x, w], { stride, padLow, padHigh, dilation, inputDilation }) => {
    if (x!.dtype !== w!.dtype) throw new DTypeError(`conv: dtypes ${x!.dtype} and ${w!.dtype} differ; cast one of them with x.cast(dtype)`)
    const output = stride.map((s, d) => {
      const size = x!.shape[3 + d]!
      const input = size && (size - 1) * inputDilation[d]! + 1
      const span = dilation[d]! * (w!.shape[3 + d]! - 1) + 1
      return Math.max(0, Math.floor((input + padLow[d]! + padHigh[d]! - span) / s) + 1)
    })
    return { shape: [x!.shape[0]!, x!.shape[1]!, w!.shape[1]!, ...output], dtype: x!.dtype }
  },
  lowering: { kind: 'launch', reads: 'memory', epilogue: true },
}

const kernel: Primitive<'kernel'> = {
  infer: (_, { shape, dtype }) => ({ shape, dtype }),
  lowering: { kind: 'launch', reads: 'memory', epilogue: false },
}

/** Where in a scan's value each root of its body lies: the next carries, with what was there before the first step (or, in reverse, after the last), then the rest. */
export function regionsOf({ body, length, carries }: ScanAttrs): { start: number; entries: number; shape: Shape }[] {
  let end = 0
  return body.roots.map((root, r) => {
    const [start, entries, { shape, size }] = [end, r < carries ? length + 1 : length, body.items[root]!]
    end += entries * size
    return { start, entries, shape }
  })
}

const scan: Primitive<'scan'> = {
  infer: (_, attrs) => {
    const size = regionsOf(attrs).reduce((sum, { entries, shape }) => sum + entries * sizeOf(shape), 0)
    return { shape: [size], dtype: attrs.body.items[attrs.body.roots[0]!]!.dtype }
  },
  lowering: { kind: 'scan' },
}

/** The shape and dtype that each primitive gives, and the kernel that it becomes. */
// biome-ignore format: a table
export const primitives: { readonly [P in PrimitiveName]: Primitive<P> } = {
  neg: unary('neg'), abs: unary('abs'), sign: unary('sign'), floor: unary('floor'), ceil: unary('ceil'),
  round: unary('round'), sqrt: unary('sqrt'), recip: unary('recip'), exp: unary('exp'), expm1: unary('expm1'),
  log: unary('log'), log1p: unary('log1p'), sin: unary('sin'), cos: unary('cos'), tan: unary('tan'), tanh: unary('tanh'),
  erf: unary('erf'), not: unary('not'), add: binary('add'), sub: binary('sub'), mul: binary('mul'), div: binary('div'),
  idiv: binary('idiv'), mod: binary('mod'), pow: binary('pow'), atan2: binary('atan2'), max: binary('max'),
  min: binary('min'), lt: binary('lt'), le: binary('le'), eq: binary('eq'), ne: binary('ne'), and: binary('and'),
  or: binary('or'), xor: binary('xor'), shl: binary('shl'), shr: binary('shr'), relu, where, cast, detach: same, custom: same,
  randomBits, arange,
  reduceSum: reduce('reduceSum', 'sum'), reduceProd: reduce('reduceProd', 'prod'), reduceMax: reduce('reduceMax', 'max'),
  reduceMin: reduce('reduceMin', 'min'), argmax: reduce('argmax', 'argmax'), argmin: reduce('argmin', 'argmin'), reshape,
  permute, expand, pad, slice, flip, unfold, concat, gather, scatter, cumsum: cumulative('cumsum'),
  cumprod: cumulative('cumprod'), argsort, dot, conv, kernel, scan,
}
