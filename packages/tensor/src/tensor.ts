/**
 * `Tensor`: an immutable handle to a node of the lazy graph. Shapes and dtypes are checked when an op is called; nothing is
 * computed until somebody reads.
 */
import type { Backend, DType, TypedArray } from '@tenon/kernel'
import { DTypeError, isFloat, ShapeError } from '@tenon/kernel'
import { checkOwn, constNode, makeNode, type Node } from './node.ts'
import type { Attrs, PrimitiveName } from './primitives.ts'
import { format } from './print.ts'
import { align, castNode, expandNode, reshapeNode } from './promote.ts'
import { canReadSync, keep, moveNode, readNode, readNodeSync } from './runtime.ts'
import { broadcastShapes, normalizeDim, normalizeDims, resolveShape, type Shape, showShape, sizeOf } from './shape.ts'

/** One dimension, or several; negative ones count from the last. */
export type Dims = number | readonly number[]
/** Options of reductions. */
export interface ReduceOptions {
  readonly keepdim?: boolean
}
/** Options of variances and standard deviations. */
export interface VarianceOptions extends ReduceOptions {
  readonly correction?: number
}

/** Values as nested arrays; a number for a tensor without dimensions. */
export type Nested = number | boolean | Nested[]

/** Applies a primitive: for composites that need one, and for gradient rules. Checks shapes and dtypes as the methods do. */
export const primitive = <P extends PrimitiveName>(op: P, inputs: readonly Tensor[], attrs: Attrs<P>): Tensor =>
  new Tensor(
    makeNode(
      op,
      inputs.map((t) => t.node),
      attrs,
    ),
  )

type Elementwise = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'atan2' | 'max' | 'min' | 'lt' | 'le' | 'eq' | 'ne' | 'and' | 'or' | 'xor'
const alwaysFloat: ReadonlySet<Elementwise> = new Set<Elementwise>(['div', 'atan2'])

/** An elementwise primitive of two operands that broadcast and promote. */
export function elementwise(op: Elementwise, a: Tensor | number, b: Tensor | number, name: string = op): Tensor {
  if (typeof a === 'number' && typeof b === 'number') throw new DTypeError(`${name} takes at least one tensor, got two numbers`)
  const side = (x: Tensor | number): Node | number => {
    if (typeof x === 'number') return x
    if (isTensor(x)) return x.node
    throw new DTypeError(`${name} takes a tensor or a number, got ${x === null ? 'null' : typeof x}`)
  }
  return new Tensor(makeNode(op, align(name, side(a), side(b), alwaysFloat.has(op)), {} as Attrs<typeof op>))
}

const brand = Symbol.for('tenon.Tensor')

/** Recognises the tensors of any installed copy of this package. */
export const isTensor = (x: unknown): x is Tensor => typeof x === 'object' && x !== null && brand in x

/** An immutable handle to values that are computed when somebody asks for them. */
export class Tensor {
  readonly #node: Node

  constructor(node: Node) {
    checkOwn(node)
    this.#node = node
  }

  /** The graph node behind this handle; of a Variable, the node of its newest version. */
  get node(): Node {
    return this.#node
  }
  get shape(): Shape {
    return this.node.shape
  }
  get dtype(): DType {
    return this.node.dtype
  }
  get ndim(): number {
    return this.node.shape.length
  }
  /** Number of elements. */
  get size(): number {
    return this.node.size
  }

  // ── reading ──

  /** The values, row-major, in an array of the reader's own. */
  data(): Promise<TypedArray> {
    return readNode(this.node)
  }

  /** As `data`, at once. Throws an UnsupportedError on backends that can only be read asynchronously. */
  dataSync(): TypedArray {
    return readNodeSync(this.node)
  }

  /** The value of a tensor with one element. */
  async item(): Promise<number> {
    this.#checkItem()
    return (await this.data())[0]!
  }

  itemSync(): number {
    this.#checkItem()
    return this.dataSync()[0]!
  }

  #checkItem(): void {
    if (this.size !== 1)
      throw new ShapeError(`item() reads a tensor of one element, this one has shape ${showShape(this.shape)}; use data()`)
  }

  async toArray(): Promise<Nested> {
    return nest(await this.data(), this.shape, this.dtype)
  }
  toArraySync(): Nested {
    return nest(this.dataSync(), this.shape, this.dtype)
  }

  // ── arithmetic: shapes broadcast; a number takes the tensor's dtype ──

  add(other: Tensor | number): Tensor {
    return elementwise('add', this, other)
  }
  sub(other: Tensor | number): Tensor {
    return elementwise('sub', this, other)
  }
  mul(other: Tensor | number): Tensor {
    return elementwise('mul', this, other)
  }
  /** True division: integers give float32. */
  div(other: Tensor | number): Tensor {
    return elementwise('div', this, other)
  }
  pow(exponent: Tensor | number): Tensor {
    const base: Tensor = isFloat(this.dtype) ? this : this.cast('float32')
    return elementwise('pow', base, exponent)
  }
  /** ⌊this / other⌋; integers stay integers. */
  floorDiv(other: Tensor | number): Tensor {
    return this.#divided('floorDiv', other, 'idiv', (a, b) => primitive('floor', [a.div(b)], {}))
  }
  /** this − ⌊this / other⌋ · other, which has the sign of `other`. */
  remainder(other: Tensor | number): Tensor {
    return this.#divided('remainder', other, 'mod', (a, b) => a.sub(primitive('floor', [a.div(b)], {}).mul(b)))
  }
  #divided(name: string, other: Tensor | number, ints: 'idiv' | 'mod', floats: (a: Tensor, b: Tensor) => Tensor): Tensor {
    const [a, b] = align(name, this.node, isTensor(other) ? other.node : other, false)
    return isFloat(a.dtype) ? floats(new Tensor(a), new Tensor(b)) : new Tensor(makeNode(ints, [a, b], {}))
  }
  neg(): Tensor {
    return primitive('neg', [this], {})
  }
  abs(): Tensor {
    return primitive('abs', [this], {})
  }

  /**
   * Matrix product, as torch.matmul: [..., m, k] · [..., k, n] → [..., m, n]; leading dimensions broadcast; a vector is a row on
   * the left, a column on the right, and that dimension goes.
   */
  matmul(other: Tensor): Tensor {
    if (this.ndim === 0 || other.ndim === 0)
      throw new ShapeError(`matmul takes tensors of at least one dimension, got ${showShape(this.shape)} and ${showShape(other.shape)}`)
    const a = this.ndim === 1 ? this.unsqueeze(0) : this
    const b = other.ndim === 1 ? other.unsqueeze(1) : other
    const [m, k] = a.shape.slice(-2) as [number, number]
    const [kb, n] = b.shape.slice(-2) as [number, number]
    if (k !== kb)
      throw new ShapeError(
        `matmul: ${showShape(this.shape)} · ${showShape(other.shape)}: the inner dimensions ${k} and ${kb} must be equal`,
      )
    const batchA = a.shape.slice(0, -2)
    const batchB = b.shape.slice(0, -2)
    let out: Tensor
    if (batchB.length === 0) {
      out = primitive('dot', [a.reshape([sizeOf(batchA) * m, k]), b], {}).reshape([...batchA, m, n])
    } else {
      const batch = broadcastShapes('matmul', batchA, batchB)
      out = primitive('dot', [a.broadcastTo([...batch, m, k]), b.broadcastTo([...batch, k, n])], {})
    }
    if (other.ndim === 1) out = out.squeeze(-1)
    return this.ndim === 1 ? out.squeeze(other.ndim === 1 ? -1 : -2) : out
  }

  // ── comparison: bool ──

  eq(other: Tensor | number): Tensor {
    return elementwise('eq', this, other)
  }
  ne(other: Tensor | number): Tensor {
    return elementwise('ne', this, other)
  }
  lt(other: Tensor | number): Tensor {
    return elementwise('lt', this, other)
  }
  le(other: Tensor | number): Tensor {
    return elementwise('le', this, other)
  }
  gt(other: Tensor | number): Tensor {
    return elementwise('lt', other, this, 'gt')
  }
  ge(other: Tensor | number): Tensor {
    return elementwise('le', other, this, 'ge')
  }

  // ── reduction: over `dim`, or over everything ──

  #reduce(
    name: string,
    op: 'reduceSum' | 'reduceProd' | 'reduceMax' | 'reduceMin' | 'argmax' | 'argmin',
    dim: Dims | undefined,
    options: ReduceOptions,
  ): Tensor {
    const dims = normalizeDims(name, dim, this.ndim)
    const kept = primitive(op, [this], { dims })
    return options.keepdim ? kept : kept.reshape(this.shape.filter((_, d) => !dims.includes(d)))
  }

  /** Bools count as integers. */
  sum(dim?: Dims, options: ReduceOptions = {}): Tensor {
    const x: Tensor = this.dtype === 'bool' ? this.cast('int32') : this
    return x.#reduce('sum', 'reduceSum', dim, options)
  }
  prod(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.#reduce('prod', 'reduceProd', dim, options)
  }
  /** The greatest value; NaN where there is one. The gradient goes to the first of equals. */
  max(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.#reduce('max', 'reduceMax', dim, options)
  }
  min(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.#reduce('min', 'reduceMin', dim, options)
  }
  /** Position of the greatest value, int32, the first of equals; without `dim`, in the flattened tensor. */
  argmax(dim?: number, options: ReduceOptions = {}): Tensor {
    return this.#reduce('argmax', 'argmax', dim, options)
  }
  argmin(dim?: number, options: ReduceOptions = {}): Tensor {
    return this.#reduce('argmin', 'argmin', dim, options)
  }
  any(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.ne(0).sum(dim, options).ne(0)
  }
  all(dim?: Dims, options: ReduceOptions = {}): Tensor {
    return this.eq(0).sum(dim, options).eq(0)
  }

  mean(dim?: Dims, options: ReduceOptions = {}): Tensor {
    if (!isFloat(this.dtype)) throw new DTypeError(`mean takes a float tensor, got ${this.dtype}; cast with x.cast('float32')`)
    return this.sum(dim, options).div(this.#count('mean', dim))
  }
  /** Σ (x − mean)² / (n − correction), correction 1 as torch.var. */
  var(dim?: Dims, { keepdim, correction = 1 }: VarianceOptions = {}): Tensor {
    const centred = this.sub(this.mean(dim, { keepdim: true }))
    return centred
      .mul(centred)
      .sum(dim, { keepdim: keepdim ?? false })
      .div(Math.max(0, this.#count('var', dim) - correction))
  }
  std(dim?: Dims, options: VarianceOptions = {}): Tensor {
    return primitive('sqrt', [this.var(dim, options)], {})
  }

  #count(name: string, dim: Dims | undefined): number {
    return normalizeDims(name, dim, this.ndim).reduce((n, d) => n * this.shape[d]!, 1)
  }

  // ── movement and indexing: never a copy ──

  /** Same elements in the same order; one dimension may be −1. */
  reshape(shape: Shape): Tensor {
    return new Tensor(reshapeNode(this.node, resolveShape('reshape', this.shape, shape)))
  }
  flatten(startDim = 0, endDim = -1): Tensor {
    if (this.ndim === 0) return this.reshape([1])
    const start = normalizeDim('flatten', startDim, this.ndim)
    const end = normalizeDim('flatten', endDim, this.ndim)
    if (end < start) throw new ShapeError(`flatten: startDim ${startDim} comes after endDim ${endDim}`)
    return this.reshape([...this.shape.slice(0, start), sizeOf(this.shape.slice(start, end + 1)), ...this.shape.slice(end + 1)])
  }
  permute(dims: readonly number[]): Tensor {
    const order = dims.map((d) => normalizeDim('permute', d, this.ndim))
    if (order.length !== this.ndim || new Set(order).size !== this.ndim) {
      throw new ShapeError(`permute: [${dims.join(', ')}] must name each of the ${this.ndim} dimensions of ${showShape(this.shape)} once`)
    }
    return order.every((d, i) => d === i) ? new Tensor(this.node) : primitive('permute', [this], { dims: order })
  }
  transpose(dim0: number, dim1: number): Tensor {
    const order = this.shape.map((_, d) => d)
    const [a, b] = [normalizeDim('transpose', dim0, this.ndim), normalizeDim('transpose', dim1, this.ndim)]
    order[a] = b
    order[b] = a
    return this.permute(order)
  }
  /** Drops dimensions of size 1: all of them, or those of `dim` that are. */
  squeeze(dim?: Dims): Tensor {
    const dims = normalizeDims('squeeze', dim, this.ndim)
    return this.reshape(this.shape.filter((size, d) => size !== 1 || !dims.includes(d)))
  }
  unsqueeze(dim: number): Tensor {
    const d = normalizeDim('unsqueeze', dim, this.ndim + 1)
    return this.reshape([...this.shape.slice(0, d), 1, ...this.shape.slice(d)])
  }
  /** Stretches dimensions of size 1, and adds leading ones; −1 keeps a size. */
  expand(shape: Shape): Tensor {
    const lead = shape.length - this.ndim
    return this.broadcastTo(shape.map((size, d) => (size === -1 && d >= lead ? this.shape[d - lead]! : size)))
  }
  broadcastTo(shape: Shape): Tensor {
    const common = shape.length >= this.ndim && this.shape.every((s, d) => s === 1 || s === shape[d + shape.length - this.ndim])
    if (!common)
      throw new ShapeError(
        `broadcastTo: ${showShape(this.shape)} does not stretch to ${showShape(shape)}: sizes, aligned at the end, must be equal or 1`,
      )
    return new Tensor(expandNode(this.node, shape))
  }
  flip(dims: Dims): Tensor {
    return primitive('flip', [this], { dims: normalizeDims('flip', dims, this.ndim) })
  }

  /** Adds `padding[d] = [before, after]` elements of `value` along each dimension. */
  pad(padding: readonly (readonly [number, number])[], value = 0): Tensor {
    if (padding.length !== this.ndim || padding.flat().some((n) => !Number.isInteger(n) || n < 0)) {
      throw new ShapeError(
        `pad: padding takes one [before, after] of whole numbers ≥ 0 for each dimension of ${showShape(this.shape)}, got ${JSON.stringify(padding)}`,
      )
    }
    if (padding.every(([a, b]) => a === 0 && b === 0)) return new Tensor(this.node)
    const padded = primitive('pad', [this], { padding })
    if (value === 0) return padded
    const inside = primitive('pad', [fromScalar(1, 'bool').broadcastTo(this.shape)], { padding })
    return primitive('where', [inside, padded, fromScalar(value, this.dtype).broadcastTo(padded.shape)], {})
  }

  /** Elements start, start + step, … before `end` along one dimension; negative positions count from the end, and both are clamped. */
  slice(dim: number, start: number, end?: number, step = 1): Tensor {
    const d = normalizeDim('slice', dim, this.ndim)
    if (!Number.isInteger(step) || step < 1)
      throw new ShapeError(`slice: step must be a whole number ≥ 1, got ${step}; flip the dimension first to go backwards`)
    const size = this.shape[d]!
    const clamp = (i: number): number => Math.min(size, Math.max(0, i < 0 ? i + size : i))
    const from = clamp(start)
    const to = Math.max(from, clamp(end ?? size))
    if (from === 0 && to === size && step === 1) return new Tensor(this.node)
    const at = (whole: (s: number) => number, value: number): number[] => this.shape.map((s, i) => (i === d ? value : whole(s)))
    return primitive('slice', [this], { start: at(() => 0, from), end: at((s) => s, to), step: at(() => 1, step) })
  }
  /** One position along `dim`, which goes. */
  select(dim: number, index: number): Tensor {
    const d = normalizeDim('select', dim, this.ndim)
    const size = this.shape[d]!
    const i = index < 0 ? index + size : index
    if (!Number.isInteger(index) || i < 0 || i >= size)
      throw new ShapeError(`select: index ${index} is out of range for dimension ${dim} of size ${size}`)
    return this.slice(d, i, i + 1).reshape(this.shape.filter((_, k) => k !== d))
  }
  /** Windows of `size` along `dim`, `step` apart, as a new last dimension; torch.Tensor.unfold, with dilation. */
  unfold(dim: number, size: number, step: number, dilation = 1): Tensor {
    const d = normalizeDim('unfold', dim, this.ndim)
    const span = (size - 1) * dilation + 1
    if (![size, step, dilation].every((n) => Number.isInteger(n) && n >= 1) || span > this.shape[d]!) {
      throw new ShapeError(
        `unfold: windows of ${size} (step ${step}, dilation ${dilation}) do not fit dimension ${dim} of size ${this.shape[d]}`,
      )
    }
    return primitive('unfold', [this], { dim: d, size, step, dilation })
  }
  /** out[…, k, …] = this[…, index[k], …] along `dim`. */
  indexSelect(dim: number, index: Tensor): Tensor {
    const d = normalizeDim('indexSelect', dim, this.ndim)
    if (index.ndim !== 1) throw new ShapeError(`indexSelect: the index has one dimension, got ${showShape(index.shape)}`)
    checkRange('indexSelect', index, dim, this.shape[d]!)
    const shape = this.shape.map((s, i) => (i === d ? index.size : s))
    return this.gather(d, index.reshape(shape.map((s, i) => (i === d ? s : 1))).broadcastTo(shape))
  }
  /** out[…i…] = this[…index[…i…]…] along `dim`, shaped as `index`: torch.gather. */
  gather(dim: number, index: Tensor): Tensor {
    const d = checkIndex('gather', this, dim, index)
    return primitive('gather', [this, index], { dim: d })
  }
  /** This, with src[…i…] added at […index[…i…]…] along `dim`: torch.scatter_add. */
  scatterAdd(dim: number, index: Tensor, src: Tensor): Tensor {
    const d = checkIndex('scatterAdd', this, dim, index)
    if (src.shape.length !== index.ndim || src.shape.some((s, i) => s !== index.shape[i])) {
      throw new ShapeError(`scatterAdd: src ${showShape(src.shape)} and index ${showShape(index.shape)} must have one shape`)
    }
    if (src.dtype !== this.dtype) throw new DTypeError(`scatterAdd: dtypes ${this.dtype} and ${src.dtype} differ; cast one of them`)
    return primitive('scatter', [this, index, src], { dim: d, op: 'add' })
  }

  // ── the rest ──

  cast(dtype: DType): Tensor {
    return new Tensor(castNode(this.node, dtype))
  }

  /** The same values, through which no gradient flows. */
  detach(): Tensor {
    keep(this.node)
    return primitive('detach', [this], {})
  }

  /** The same values on another backend. */
  to(backend: Backend): Tensor {
    return new Tensor(moveNode(this.node, backend))
  }

  toString(): string {
    const head = `Tensor ${this.dtype} ${showShape(this.shape)}`
    return canReadSync(this.node) ? `${head} ${format(this.dataSync(), this.shape, this.dtype)}` : head
  }
}

Object.defineProperties(Tensor.prototype, {
  [brand]: { value: true },
  [Symbol.for('nodejs.util.inspect.custom')]: {
    value(this: Tensor): string {
      return this.toString()
    },
  },
})

/** A tensor without dimensions. Its value is no part of a program's identity unless it is 0 or ±1. */
export const fromScalar = (value: number, dtype: DType): Tensor => new Tensor(constNode(value, dtype))

function nest(data: TypedArray, shape: Shape, dtype: DType): Nested {
  const value = (i: number): Nested => (dtype === 'bool' ? data[i] !== 0 : data[i]!)
  const build = (d: number, at: number, stride: number): Nested => {
    if (d === shape.length) return value(at)
    const inner = shape[d]! && stride / shape[d]!
    return Array.from({ length: shape[d]! }, (_, i) => build(d + 1, at + i * inner, inner))
  }
  return build(0, 0, sizeOf(shape))
}

/** Checks an index tensor against what it indexes, and its values too where they are known without computing. */
export function checkIndex(op: string, x: Tensor, dim: number, index: Tensor): number {
  const d = normalizeDim(op, dim, x.ndim)
  if (index.dtype !== 'int32') throw new DTypeError(`${op}: the index must be int32, got ${index.dtype}`)
  if (index.ndim !== x.ndim || index.shape.some((s, i) => i !== d && s > x.shape[i]!)) {
    throw new ShapeError(`${op}: an index of shape ${showShape(index.shape)} does not fit ${showShape(x.shape)} along dimension ${dim}`)
  }
  checkRange(op, index, dim, x.shape[d]!)
  return d
}

function checkRange(op: string, index: Tensor, dim: number, size: number): void {
  const bad = index.node.storage?.host?.find((i) => i < 0 || i >= size)
  if (bad !== undefined) throw new ShapeError(`${op}: index ${bad} is out of range for dimension ${dim} of size ${size}`)
}
