import { DTypeError, isFloat, ShapeError } from '@tenon/kernel'
import { type PerAxis, perAxis } from '../compose.ts'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { ones } from './create.ts'

export interface PoolOptions {
  /** kernelSize where it is not given. */
  readonly stride?: PerAxis
  readonly padding?: PerAxis
}

export interface MaxPoolOptions extends PoolOptions {
  readonly dilation?: PerAxis
}

export interface AvgPoolOptions extends PoolOptions {
  /** Whether the zeros of the padding count in the mean; true, as in PyTorch. */
  readonly countIncludePad?: boolean
}

interface Windows {
  readonly size: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
}

/**
 * maxPool2d(x)[…, i, j] = max of the window that begins at (i, j)·stride − padding; outside x lies −∞. The gradient goes to the first
 * maximum of a window. Source: F.max_pool2d.
 *
 * [n, c, h, w] → [n, c, h', w'] with h' = ⌊(h + 2·padding − dilation·(k − 1) − 1) / stride⌋ + 1; [c, h, w] → [c, h', w']
 */
export function maxPool2d(x: Tensor, kernelSize: PerAxis, options: MaxPoolOptions = {}): Tensor {
  const w = windowsOf('maxPool2d', x, kernelSize, options)
  return overWindows(x, w, -Infinity, (y, dims) => y.max(dims))
}

/**
 * avgPool2d(x)[…, i, j] = mean of the window that begins at (i, j)·stride − padding; outside x lies 0, which counts unless
 * `countIncludePad` is false. Source: F.avg_pool2d.   [n, c, h, w] → [n, c, h', w'], as maxPool2d
 */
export function avgPool2d(x: Tensor, kernelSize: PerAxis, options: AvgPoolOptions = {}): Tensor {
  const w = windowsOf('avgPool2d', x, kernelSize, options)
  if (options.countIncludePad ?? true) return overWindows(x, w, 0, (y, dims) => y.mean(dims))
  const inside = ones(x.shape.slice(-2), { dtype: x.dtype })
  const sum = (y: Tensor, dims: readonly number[]): Tensor => y.sum(dims)
  return overWindows(x, w, 0, sum).div(overWindows(inside, w, 0, sum))
}

function windowsOf(op: string, x: Tensor, kernelSize: PerAxis, options: MaxPoolOptions): Windows {
  if (x.ndim !== 3 && x.ndim !== 4) throw new ShapeError(`${op} takes an input [n, c, h, w] or [c, h, w], got ${showShape(x.shape)}`)
  if (!isFloat(x.dtype)) throw new DTypeError(`${op} takes a float tensor, got ${x.dtype}; cast with x.cast('float32')`)
  const size = perAxis(op, 'kernelSize', kernelSize, 2, 1)
  const stride = perAxis(op, 'stride', options.stride ?? kernelSize, 2, 1)
  const padding = perAxis(op, 'padding', options.padding ?? 0, 2, 0)
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, 2, 1)
  size.forEach((k, d) => {
    const input = x.shape.at(d - 2)!
    const span = dilation[d]! * (k - 1) + 1
    if (padding[d]! > k / 2) throw new ShapeError(`${op}: padding is at most half the kernel, got padding ${padding[d]} for kernel ${k}`)
    if (input + 2 * padding[d]! < span) {
      throw new ShapeError(
        `${op}: a window spanning ${span} does not fit the padded size ${input + 2 * padding[d]!} of spatial axis ${d}; input ${showShape(x.shape)}`,
      )
    }
  })
  return { size, stride, padding, dilation }
}

/** Reduces every window over the last two dimensions of x. */
function overWindows(x: Tensor, w: Windows, outside: number, reduce: (y: Tensor, dims: readonly number[]) => Tensor): Tensor {
  const lead = x.shape.slice(0, -2)
  const [kh, kw] = w.size as [number, number]
  const disjoint = w.stride.every((s, d) => s === w.size[d]) && w.padding.every((p) => p === 0) && w.dilation.every((n) => n === 1)
  if (disjoint) {
    // Windows that neither overlap nor leave gaps are a reshape, whose gradient is one too.
    const [h, v] = x.shape.slice(-2).map((size, d) => Math.floor(size / w.size[d]!)) as [number, number]
    const cropped = x.slice(-2, 0, h * kh).slice(-1, 0, v * kw)
    return reduce(cropped.reshape([...lead, h, kh, v, kw]), [-3, -1])
  }
  const padded = x.pad([...lead.map(() => [0, 0] as const), ...w.padding.map((p) => [p, p] as const)], outside)
  const windows = padded
    .unfold(lead.length, kh, w.stride[0]!, w.dilation[0]!) // [..., h', w, kh]
    .unfold(lead.length + 1, kw, w.stride[1]!, w.dilation[1]!) // [..., h', w', kh, kw]
  return reduce(windows, [-2, -1])
}
