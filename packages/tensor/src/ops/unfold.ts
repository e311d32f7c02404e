/** Pictures as columns of patches, and back: im2col and col2im. */
import { ShapeError } from '@tenon/kernel'
import { type PerAxis, perAxis } from '../compose.ts'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** Options of `unfold` and `fold`. */
export interface UnfoldOptions {
  readonly dilation?: PerAxis
  readonly padding?: PerAxis
  readonly stride?: PerAxis
}

interface Patches {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly padding: readonly number[]
  readonly dilation: readonly number[]
  /** How many patches stand along each axis. */
  readonly counts: readonly number[]
}

function patchesOf(op: string, size: readonly number[], kernelSize: PerAxis, options: UnfoldOptions): Patches {
  const kernel = perAxis(op, 'kernelSize', kernelSize, 2, 1)
  const stride = perAxis(op, 'stride', options.stride ?? 1, 2, 1)
  const padding = perAxis(op, 'padding', options.padding ?? 0, 2, 0)
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, 2, 1)
  const counts = kernel.map((k, d) => {
    const span = dilation[d]! * (k - 1) + 1
    const padded = size[d]! + 2 * padding[d]!
    if (padded < span) throw new ShapeError(`${op}: a patch spanning ${span} does not fit the padded size ${padded} of spatial axis ${d}`)
    return Math.floor((padded - span) / stride[d]!) + 1
  })
  return { kernel, stride, padding, dilation, counts }
}

/**
 * unfold(x, k): every patch that a convolution with this kernel would see, as a column; the method `x.unfold` is of one dimension.
 * Source: F.unfold.   [n, c, h, w] → [n, c·kh·kw, l], l patches; [c, h, w] → [c·kh·kw, l]
 */
export function unfold(x: Tensor, kernelSize: PerAxis, options: UnfoldOptions = {}): Tensor {
  if (x.ndim === 3) return unfold(x.unsqueeze(0), kernelSize, options).squeeze(0)
  if (x.ndim !== 4) throw new ShapeError(`unfold takes an input [n, c, h, w] or [c, h, w], got ${showShape(x.shape)}`)
  const { kernel, stride, padding, dilation, counts } = patchesOf('unfold', x.shape.slice(2), kernelSize, options)
  const [n, c] = x.shape as [number, number]
  const padded = x.pad([[0, 0], [0, 0], ...padding.map((p) => [p, p] as const)])
  return kernel
    .reduce((y, k, d) => y.unfold(2 + d, k, stride[d]!, dilation[d]!), padded) // [n, c, h', w', kh, kw]
    .permute([0, 1, 4, 5, 2, 3])
    .reshape([n, c * kernel[0]! * kernel[1]!, counts[0]! * counts[1]!])
}

/**
 * fold(x, [h, w], k): the sum of all patches, each at its place; what several cover is added up. Source: F.fold.
 *
 * [n, c·kh·kw, l] → [n, c, h, w], l the number of patches that `unfold` takes from [h, w]; [c·kh·kw, l] → [c, h, w]
 */
export function fold(x: Tensor, outputSize: PerAxis, kernelSize: PerAxis, options: UnfoldOptions = {}): Tensor {
  if (x.ndim === 2) return fold(x.unsqueeze(0), outputSize, kernelSize, options).squeeze(0)
  const size = perAxis('fold', 'outputSize', outputSize, 2, 1)
  const patches = patchesOf('fold', size, kernelSize, options)
  const [kh, kw] = patches.kernel as [number, number]
  const [rows, columns] = patches.counts as [number, number]
  if (x.ndim !== 3 || x.shape[1]! % (kh * kw) !== 0 || x.shape[2] !== rows * columns) {
    throw new ShapeError(
      `fold: an output ${showShape(size)} has ${rows * columns} patches of ${kh}×${kw}, ` +
        `so the input is [n, c·${kh * kw}, ${rows * columns}], got ${showShape(x.shape)}`,
    )
  }
  const c = x.shape[1]! / (kh * kw)
  const split = x.reshape([x.shape[0]!, c, kh, kw, rows, columns])
  const lines = place(split, 3, 5, 1, size[1]!, patches) // [n, c, kh, h', w]
  return place(lines, 2, 3, 0, size[0]!, patches) // [n, c, h, w]
}

/** Sums over the taps of one axis of the kernel, each laid out along `dim` at its distance: the dimension `tap` goes, `dim` gets `size`. */
function place(x: Tensor, tap: number, dim: number, axis: 0 | 1, size: number, { stride, padding, dilation }: Patches): Tensor {
  const [s, p, at] = [stride[axis]!, padding[axis]!, dim - 1]
  const sums = Array.from({ length: x.shape[tap]! }, (_, k) => {
    const line = x.select(tap, k)
    const spread = spreadOut(line, at, s)
    const low = k * dilation[axis]!
    const high = Math.max(0, size + 2 * p - low - spread.shape[at]!)
    return spread.pad(spread.shape.map((_, d) => (d === at ? [low, high] : [0, 0]))).slice(at, p, p + size)
  })
  return sums.reduce((a, b) => a.add(b))
}

/** step − 1 zeros between the elements of `dim`. */
function spreadOut(x: Tensor, dim: number, step: number): Tensor {
  if (step === 1) return x
  const n = x.shape[dim]!
  const apart = x.unsqueeze(dim + 1)
  const zeros = apart.pad(apart.shape.map((_, d) => (d === dim + 1 ? [0, step - 1] : [0, 0])))
  return zeros.reshape(x.shape.map((size, d) => (d === dim ? n * step : size))).slice(dim, 0, (n - 1) * step + 1)
}
