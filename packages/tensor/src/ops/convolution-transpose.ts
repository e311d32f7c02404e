import { ShapeError } from '@tenon/kernel'
import { type PerAxis, perAxis } from '../compose.ts'
import { showShape } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'

/** Options of `convTranspose1d` and `convTranspose2d`. */
export interface ConvTransposeOptions {
  readonly stride?: PerAxis
  /** Takes off on both sides what this padding adds to the input of the convolution that is turned around. */
  readonly padding?: PerAxis
  /** Adds to the end alone: which of the sizes that a strided convolution maps to one; less than the stride or the dilation. */
  readonly outputPadding?: PerAxis
  readonly dilation?: PerAxis
  readonly groups?: number
}

/**
 * convTranspose2d(x, w, b)[n, o, …] = b[o] + Σ over c, i, u of x[n, c, i] · w[c, o, u] wherever i·stride + u·dilation − padding is the
 * place asked for: the gradient of conv2d by its input. It is one convolution, with stride − 1 zeros between the elements of x and the
 * kernel flipped. Source: F.conv_transpose2d.
 *
 * [n, c, h, w], [c, o / groups, kh, kw], [o] → [n, o, h', w'] with
 * h' = (h − 1)·stride − 2·padding + dilation·(kh − 1) + outputPadding + 1; [c, h, w] → [o, h', w']
 */
export const convTranspose2d = (x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvTransposeOptions = {}): Tensor =>
  transposed('convTranspose2d', 2, x, weight, bias, options)

/** convTranspose1d: as convTranspose2d, over one axis. Source: F.conv_transpose1d.   [n, c, l], [c, o / groups, k], [o] → [n, o, l'] */
export const convTranspose1d = (x: Tensor, weight: Tensor, bias: Tensor | null = null, options: ConvTransposeOptions = {}): Tensor =>
  transposed('convTranspose1d', 1, x, weight, bias, options)

function transposed(op: string, axes: number, x: Tensor, weight: Tensor, bias: Tensor | null, options: ConvTransposeOptions): Tensor {
  if (x.ndim === axes + 1) return transposed(op, axes, x.unsqueeze(0), weight, bias, options).squeeze(0)
  const groups = options.groups ?? 1
  checkShapes(op, axes, x, weight, bias, groups)
  const [n, channels, ...input] = x.shape as [number, number, ...number[]]
  const [, perGroup, ...kernel] = weight.shape as [number, number, ...number[]]
  const stride = perAxis(op, 'stride', options.stride ?? 1, axes, 1)
  const dilation = perAxis(op, 'dilation', options.dilation ?? 1, axes, 1)
  const padding = perAxis(op, 'padding', options.padding ?? 0, axes, 0)
  const outputPadding = perAxis(op, 'outputPadding', options.outputPadding ?? 0, axes, 0)
  const reach = kernel.map((k, d) => dilation[d]! * (k - 1))
  input.forEach((size, d) => {
    if (outputPadding[d]! >= Math.max(stride[d]!, dilation[d]!)) {
      throw new ShapeError(
        `${op}: outputPadding must be less than the stride or the dilation, ` +
          `got ${outputPadding[d]} for stride ${stride[d]} and dilation ${dilation[d]}`,
      )
    }
    const output = (size - 1) * stride[d]! - 2 * padding[d]! + reach[d]! + outputPadding[d]! + 1
    if (size > 0 && output > 0) return
    throw new ShapeError(
      `${op}: the output size of spatial axis ${d} is ${output}; input ${showShape(x.shape)}, weight ${showShape(weight.shape)}`,
    )
  })
  const spatial = kernel.map((_, d) => 3 + d)
  const w = weight.reshape([groups, channels / groups, perGroup, ...kernel]).permute([0, 2, 1, ...spatial]) // [g, o, c, ...kernel]
  const y = primitive('conv', [x.reshape([n, groups, channels / groups, ...input]), w.flip(spatial)], {
    stride: stride.map(() => 1),
    padLow: reach.map((r, d) => r - padding[d]!),
    padHigh: reach.map((r, d) => r - padding[d]! + outputPadding[d]!),
    dilation,
    inputDilation: stride,
  })
  const outputs = groups * perGroup
  const joined = y.reshape([n, outputs, ...y.shape.slice(3)])
  return bias ? joined.add(bias.reshape([outputs, ...kernel.map(() => 1)])) : joined
}

function checkShapes(op: string, axes: number, x: Tensor, weight: Tensor, bias: Tensor | null, groups: number): void {
  const got = `got input ${showShape(x.shape)} and weight ${showShape(weight.shape)}`
  if (x.ndim !== axes + 2 || weight.ndim !== axes + 2) {
    throw new ShapeError(`${op} takes an input of ${axes + 2} dimensions (${axes + 1} without a batch) and a weight of ${axes + 2}, ${got}`)
  }
  const [channels, perGroup] = weight.shape as [number, number]
  if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0) {
    throw new ShapeError(`${op}: groups must divide the ${channels} input channels, got ${groups}`)
  }
  if (x.shape[1] !== channels) throw new ShapeError(`${op}: the weight expects ${channels} input channels, ${got}`)
  if (weight.shape.slice(2).includes(0)) throw new ShapeError(`${op}: an empty kernel, ${got}`)
  if (bias && (bias.ndim !== 1 || bias.size !== groups * perGroup)) {
    throw new ShapeError(`${op}: the bias has one number for each of ${groups * perGroup} output channels, got ${showShape(bias.shape)}`)
  }
}
