import { ShapeError } from '@tenon/kernel'
import { type PerAxis, perAxis } from '../compose.ts'
import { showShape } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'

/** Options of `conv1d` and `conv2d`. */
export interface ConvOptions {
  readonly stride?: PerAxis
  /** Zeros on both sides; `same` keeps the size (stride 1), `valid` is none. */
  readonly padding?: PerAxis | 'same' | 'valid'
  readonly dilation?: PerAxis
  readonly groups?: number
}

/**
 * conv2d(x, w, b)[n, o, i, j] = b[o] + Σ over c, u, v of w[o, c, u, v] · x[n, c, i·stride + u·dilation − padding, …]: cross-correlation, zero
 * outside x; with `groups`, output channel o sees its group's input channels alone. Source: F.conv2d.
 *
 * [n, c, h, w], [o, c / groups, kh, kw], [o] → [n, o, h', w'] with h' = ⌊(h + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1; [c, h, w] → [o, h', w']
 */
export const conv2d = (x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvOptions = {}): Tensor =>
  convolve('conv2d', 2, x, weight, bias, options)

/** conv1d: as conv2d, over one axis. Source: F.conv1d.   [n, c, l], [o, c / groups, k], [o] → [n, o, l'] */
export const conv1d = (x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvOptions = {}): Tensor =>
  convolve('conv1d', 1, x, weight, bias, options)

function convolve(op: string, axes: number, x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvOptions): Tensor {
  if (x.ndim === axes + 1) return convolve(op, axes, x.unsqueeze(0), weight, bias, options).squeeze(0)
  const groups = options.groups ?? 1
  checkShapes(op, axes, x, weight, bias, groups)
  const [n, channels, ...input] = x.shape as [number, number, ...number[]]
  const [outputs, perGroup, ...kernel] = weight.shape as [number, number, ...number[]]
  const stride = perAxis(op, 'stride', options.stride ?? 1, axes, 1)
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, axes, 1)
  const span = kernel.map((k, d) => dilation[d]! * (k - 1) + 1)
  const [padLow, padHigh] = paddings(op, options.padding ?? 0, span, stride)
  input.forEach((size, d) => {
    const padded = size + padLow[d]! + padHigh[d]!
    if (padded >= span[d]!) return
    throw new ShapeError(
      `${op}: a kernel spanning ${span[d]} does not fit the padded size ${padded} of spatial axis ${d}; input ${showShape(x.shape)}, weight ${showShape(weight.shape)}`,
    )
  })
  const y = primitive(
    'conv',
    [
      x.reshape([n, groups, channels / groups, ...input]), // [n, g, c, ...spatial]
      weight.reshape([groups, outputs / groups, perGroup, ...kernel]), // [g, o, c, ...kernel]
    ],
    { stride, padLow, padHigh, dilation, inputDilation: stride.map(() => 1) },
  )
  const joined = y.reshape([n, outputs, ...y.shape.slice(3)])
  return bias ? joined.add(bias.reshape([outputs, ...kernel.map(() => 1)])) : joined
}

function checkShapes(op: string, axes: number, x: Tensor, weight: Tensor, bias: Tensor | null, groups: number): void {
  const got = `got input ${showShape(x.shape)} and weight ${showShape(weight.shape)}`
  if (x.ndim !== axes + 2 || weight.ndim !== axes + 2) {
    throw new ShapeError(`${op} takes an input of ${axes + 2} dimensions (${axes + 1} without a batch) and a weight of ${axes + 2}, ${got}`)
  }
  const [outputs, perGroup] = weight.shape as [number, number]
  if (!Number.isInteger(groups) || groups < 1 || outputs % groups !== 0) {
    throw new ShapeError(`${op}: groups must divide the ${outputs} output channels, got ${groups}`)
  }
  if (x.shape[1] !== perGroup * groups) {
    const why = groups > 1 ? ` (${perGroup} for each of ${groups} groups)` : ''
    throw new ShapeError(`${op}: the weight expects ${perGroup * groups} input channels${why}, ${got}`)
  }
  if (weight.shape.slice(2).includes(0)) throw new ShapeError(`${op}: an empty kernel, ${got}`)
  if (bias && (bias.ndim !== 1 || bias.size !== outputs)) {
    throw new ShapeError(`${op}: the bias has one number for each of ${outputs} output channels, got ${showShape(bias.shape)}`)
  }
}

function paddings(
  op: string,
  padding: PerAxis | 'same' | 'valid',
  span: readonly number[],
  stride: readonly number[],
): [number[], number[]] {
  if (padding === 'same') {
    if (stride.some((s) => s !== 1)) throw new ShapeError(`${op}: padding 'same' needs stride 1, got ${JSON.stringify(stride)}`)
    const low = span.map((s) => Math.floor((s - 1) / 2)) // an odd one goes to the end, as in PyTorch
    return [low, span.map((s, d) => s - 1 - low[d]!)]
  }
  const both = perAxis(op, 'padding', padding === 'valid' ? 0 : padding, span.length, 0)
  return [both, both]
}
