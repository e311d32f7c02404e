import { DTypeError, isFloat, ShapeError } from '@tenon/kernel'
import { type PerAxis, perAxis } from '../compose.ts'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { ones } from './create.ts'

/** What all pooling functions take. */
export interface PoolOptions {
  /** kernelSize where it is not given. */
  readonly stride?: PerAxis
  readonly padding?: PerAxis
  /** Whether a last window that reaches past the padding counts, with what it has; false, as in PyTorch. */
  readonly ceilMode?: boolean
}

/** Options of `maxPool1d` and `maxPool2d`. */
export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: PerAxis
}

/** Options of `avgPool1d`. */
export interface AvgPoolOptions extends PoolOptions {
  /** Whether the zeros of the padding count in the mean; true, as in PyTorch. */
  readonly countIncludePad?: boolean
}

/** Options of `avgPool2d`. */
export interface AvgPool2dOptions extends AvgPoolOptions {
  /** What the sum of a window is divided by, in place of its size. */
  readonly divisorOverride?: number
}

/** The windows over the last dimensions of a tensor, one number for each spatial axis. */
interface Windows {
  readonly size: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  /** How far the last window reaches past the padding; below 0 where it ends before. */
  readonly excess: readonly number[]
}

/**
 * maxPool2d(x)[…, i, j] = max of the window that begins at (i, j)·stride − padding; outside x lies −∞. The gradient goes to the first
 * maximum of a window. Source: F.max_pool2d.
 *
 * [n, c, h, w] → [n, c, h', w'] with h' = ⌊(h + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1; [c, h, w] → [c, h', w']. With `ceilMode`
 * ⌈ ⌉ for ⌊ ⌋, as long as the last window begins before the end of x.
 */
export const maxPool2d = (x: Tensor, kernelSize: PerAxis, options: MaxPoolOptions = {}): Tensor =>
  maxPool('maxPool2d', 2, x, kernelSize, options)

/** maxPool1d: as maxPool2d, over one axis. Source: F.max_pool1d.   [n, c, l] → [n, c, l']; [c, l] → [c, l'] */
export const maxPool1d = (x: Tensor, kernelSize: PerAxis, options: MaxPoolOptions = {}): Tensor =>
  maxPool('maxPool1d', 1, x, kernelSize, options)

/**
 * avgPool2d(x)[…, i, j] = mean of the window that begins at (i, j)·stride − padding; outside x lies 0, which counts unless
 * `countIncludePad` is false. What a window of `ceilMode` has past the padding never counts. Source: F.avg_pool2d.
 *
 * [n, c, h, w] → [n, c, h', w'], as maxPool2d
 */
export const avgPool2d = (x: Tensor, kernelSize: PerAxis, options: AvgPool2dOptions = {}): Tensor =>
  avgPool('avgPool2d', 2, x, kernelSize, options)

/** avgPool1d: as avgPool2d, over one axis. Source: F.avg_pool1d.   [n, c, l] → [n, c, l']; [c, l] → [c, l'] */
export const avgPool1d = (x: Tensor, kernelSize: PerAxis, options: AvgPoolOptions = {}): Tensor =>
  avgPool('avgPool1d', 1, x, kernelSize, options)

function maxPool(op: string, axes: number, x: Tensor, kernelSize: PerAxis, options: MaxPoolOptions): Tensor {
  return overWindows(x, windowsOf(op, axes, x, kernelSize, options), -Infinity, (y, dims) => y.max(dims))
}

function avgPool(op: string, axes: number, x: Tensor, kernelSize: PerAxis, options: AvgPool2dOptions): Tensor {
  const { countIncludePad = true, divisorOverride } = options
  const w = windowsOf(op, axes, x, kernelSize, options)
  const sum = (y: Tensor, dims: readonly number[]): Tensor => y.sum(dims)
  if (divisorOverride !== undefined) {
    if (divisorOverride === 0) throw new RangeError(`${op}: divisorOverride is a number other than 0`)
    return overWindows(x, w, 0, sum).div(divisorOverride)
  }
  const whole = w.excess.every((n) => n <= 0)
  if (whole && countIncludePad) return overWindows(x, w, 0, (y, dims) => y.mean(dims))
  const border = countIncludePad ? w.padding : w.padding.map(() => 0) // of ones, like the inside
  const inside = ones(
    border.map((p, d) => x.shape.at(d - axes)! + 2 * p),
    { dtype: x.dtype },
  )
  const counts = overWindows(inside, { ...w, padding: w.padding.map((p, d) => p - border[d]!) }, 0, sum)
  return overWindows(x, w, 0, sum).div(counts)
}

function windowsOf(op: string, axes: number, x: Tensor, kernelSize: PerAxis, options: MaxPoolOptions): Windows {
  if (x.ndim !== axes + 1 && x.ndim !== axes + 2) {
    const spatial = axes === 1 ? 'l' : 'h, w'
    throw new ShapeError(`${op} takes an input [n, c, ${spatial}] or [c, ${spatial}], got ${showShape(x.shape)}`)
  }
  if (!isFloat(x.dtype)) throw new DTypeError(`${op} takes a float tensor, got ${x.dtype}; cast with x.cast('float32')`)
  const size = perAxis(op, 'kernelSize', kernelSize, axes, 1)
  const stride = perAxis(op, 'stride', options.stride ?? kernelSize, axes, 1)
  const padding = perAxis(op, 'padding', options.padding ?? 0, axes, 0)
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, axes, 1)
  const excess = size.map((k, d) => {
    const input = x.shape.at(d - axes)!
    const padded = input + 2 * padding[d]!
    const span = dilation[d]! * (k - 1) + 1
    if (padding[d]! > k / 2) throw new ShapeError(`${op}: padding is at most half the kernel, got padding ${padding[d]} for kernel ${k}`)
    if (padded < span) {
      throw new ShapeError(
        `${op}: a window spanning ${span} does not fit the padded size ${padded} of spatial axis ${d}; input ${showShape(x.shape)}`,
      )
    }
    const steps = (padded - span) / stride[d]!
    const last = options.ceilMode && Math.ceil(steps) * stride[d]! < input + padding[d]! ? Math.ceil(steps) : Math.floor(steps)
    return last * stride[d]! + span - padded
  })
  return { size, stride, padding, dilation, excess }
}

/** Reduces every window over the last dimensions of x: a window of each axis is a new last dimension. */
function overWindows(x: Tensor, w: Windows, outside: number, reduce: (y: Tensor, dims: readonly number[]) => Tensor): Tensor {
  const axes = w.size.length
  const lead = x.shape.slice(0, -axes)
  const padded = x.pad(
    [...lead.map(() => [0, 0] as const), ...w.padding.map((p, d) => [p, p + Math.max(0, w.excess[d]!)] as const)],
    outside,
  )
  const disjoint = w.size.every((k, d) => w.stride[d] === k && w.dilation[d] === 1)
  if (disjoint) {
    // Windows that neither overlap nor leave gaps are a reshape, whose gradient is one too.
    const counts = w.size.map((k, d) => Math.floor(padded.shape.at(d - axes)! / k))
    const cropped = counts.reduce((y, n, d) => y.slice(d - axes, 0, n * w.size[d]!), padded)
    const windows = cropped.reshape([...lead, ...counts.flatMap((n, d) => [n, w.size[d]!])]) // [..., h', kh, w', kw]
    return reduce(
      windows,
      w.size.map((_, d) => lead.length + 2 * d + 1),
    )
  }
  const windows = w.size.reduce((y, k, d) => y.unfold(lead.length + d, k, w.stride[d]!, w.dilation[d]!), padded) // [..., h', w', kh, kw]
  return reduce(
    windows,
    w.size.map((_, d) => d - axes),
  )
}
