/**
 * Kernels: what a backend computes. Each kind is data, names its buffers and scalars by position, and knows nothing of
 * where they lie, so that equal kernels are compiled once.
 */
import type { DType } from './dtype.ts'
import type { Expr } from './expr.ts'

/** A buffer that a kernel is run with. */
export interface BufferParam {
  readonly dtype: DType
  /** Number of elements. */
  readonly length: number
}

/** How a loop's values become one. */
export type ReduceOp = 'sum' | 'prod' | 'max' | 'min' | 'argmax' | 'argmin'

/**
 * Reduces `value` over `extents` (axes numbered after the grid's) into a register. An empty extent gives the identity: 0, 1, ∓∞
 * (the lowest and highest integer for integers). `argmax` and `argmin` give the int32 position in row-major order of the extents, the first
 * of equals, and NaN counts as the extreme; `max` and `min` propagate NaN.
 */
export interface ReduceStage {
  readonly kind: 'reduce'
  readonly op: ReduceOp
  readonly extents: readonly number[]
  readonly value: Expr
  /** Of the register: int32 for argmax and argmin, else that of `value`. */
  readonly dtype: DType
}

/** Writes `value` to element `index` (affine in the axes, each element written once) of `buffer`, at every point of `extents`. */
export interface StoreStage {
  readonly kind: 'store'
  readonly extents: readonly number[]
  readonly buffer: number
  readonly index: Expr
  readonly value: Expr
}

/** One loop of a kernel at a point of its grid: it reduces, or stores. */
export type Stage = ReduceStage | StoreStage

interface Params {
  readonly buffers: readonly BufferParam[]
  readonly scalars: readonly DType[]
}

/**
 * Independent points (`grid`, in any order, on any thread), at each of which the stages run in order.
 *
 * Loads see memory as it was before the kernel: an output may share memory with an input only if each point touches
 * its own elements alone, and even then a backend must load before it stores within a point, except that a reduce stage
 * and all earlier stores of the point are finished when the next stage begins. A later stage sees an earlier store through `stored`.
 */
export interface LoopKernel extends Params {
  readonly kind: 'loop'
  readonly grid: readonly number[]
  readonly stages: readonly Stage[]
}

/** A strided view of a buffer: element (batch…, row, column) lies at offset + Σ batchᵢ·batchStrideᵢ + row·rowStride + column·columnStride. */
export interface MatrixView {
  readonly buffer: number
  readonly offset: number
  readonly batchStrides: readonly number[]
  readonly rowStride: number
  readonly columnStride: number
}

/**
 * Batched matmul: register 0 = Σₖ a[batch…, m, k] · b[batch…, k, n], then the epilogue's stores, over axes
 * [...batch, m, n] with no extents of their own.
 */
export interface Contraction extends Params {
  readonly kind: 'contraction'
  readonly dtype: DType
  readonly batch: readonly number[]
  readonly m: number
  readonly n: number
  readonly k: number
  readonly a: MatrixView
  readonly b: MatrixView
  readonly stores: readonly StoreStage[]
}

/** One spatial axis. Tap k of output o reads dilated position p = o·stride + k·dilation − padLow, which is input p / inputDilation where that is whole and 0 ≤ · < input, and 0 elsewhere. */
export interface SpatialAxis {
  readonly input: number
  readonly kernel: number
  readonly output: number
  readonly stride: number
  readonly dilation: number
  readonly inputDilation: number
  readonly padLow: number
}

/**
 * n-d cross-correlation: register 0 = Σ over c, taps of x[batch, group, c, position] · w[group, out, c, tap], then the
 * epilogue's stores, over axes [batch, group, out, ...output].
 */
export interface Convolution extends Params {
  readonly kind: 'convolution'
  readonly dtype: DType
  readonly batch: number
  readonly groups: number
  readonly inChannels: number
  readonly outChannels: number
  readonly spatial: readonly SpatialAxis[]
  readonly x: {
    readonly buffer: number
    readonly offset: number
    readonly batch: number
    readonly group: number
    readonly channel: number
    readonly spatial: readonly number[]
  }
  readonly w: {
    readonly buffer: number
    readonly offset: number
    readonly group: number
    readonly out: number
    readonly in: number
    readonly spatial: readonly number[]
  }
  readonly stores: readonly StoreStage[]
}

/**
 * out[i] = initial(i) for every element i (axis 0, extent = out's length); then, for the points of `grid` in row-major order (axes 0…),
 * out[index] = value, or += value. A point whose index lies outside the buffer does nothing. `out` shares memory with no input.
 */
export interface Scatter extends Params {
  readonly kind: 'scatter'
  readonly op: 'set' | 'add'
  readonly out: number
  readonly initial: Expr
  readonly grid: readonly number[]
  readonly index: Expr
  readonly value: Expr
}

/** `out`, row-major over `grid`, is computed from `value`, line by line along `axis`. It shares memory with no input. */
interface Lines extends Params {
  readonly out: number
  readonly grid: readonly number[]
  readonly axis: number
  readonly value: Expr
}

/** Each element is the sum or product of the values up to its own. Floats are rounded less often where a backend has doubles. */
export interface PrefixScan extends Lines {
  readonly kind: 'prefixScan'
  readonly op: 'sum' | 'prod'
}

/**
 * The int32 positions that put a line in order. Equals (−0 and 0 too) keep their order; NaN is greater than all else. Only the first `count` of a line
 * are read, so that a backend may leave anything in the place of the others.
 */
export interface Sort extends Lines {
  readonly kind: 'sort'
  readonly count: number
  readonly descending: boolean
}

/** One step of a program, as data. */
export type Kernel = LoopKernel | Contraction | Convolution | Scatter | PrefixScan | Sort
