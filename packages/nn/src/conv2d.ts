import { type ConvOptions, conv2d, type DType, ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { fanInUniform } from './fan-in-uniform.ts'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { type Pair, pair, type Size2d, show } from './pair.ts'
import { Parameter } from './parameter.ts'

/** Defaults: stride 1, padding 0, dilation 1, groups 1. */
export interface Conv2dOptions extends ConvOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/**
 * y[n, o] = b[o] + Σ over channels c of x[n, c] ⋆ w[o, c] (cross-correlation); the height becomes
 * ⌊(H + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, the width likewise; padding 'same' keeps both (stride 1). Weight and bias
 * begin as U(−1/√k, 1/√k) with k = inChannels / groups · kernel height · kernel width. PyTorch: `torch.nn.Conv2d`.
 *
 * @throws ShapeError for sizes that are none, groups that do not divide both numbers of channels, or if the input is not
 * [N, inChannels, H, W] or [inChannels, H, W], or is smaller than the kernel.
 */
export class Conv2d extends Module {
  readonly inChannels: number
  readonly outChannels: number
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair | 'same' | 'valid'
  readonly dilation: Pair
  readonly groups: number
  readonly weight: Parameter // [out, in / groups, kernel height, kernel width]
  readonly bias: Parameter | null // [out]

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dOptions = {}) {
    super()
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true, dtype = 'float32' } = options
    if (!(Number.isInteger(groups) && groups > 0 && inChannels % groups === 0 && outChannels % groups === 0)) {
      throw new ShapeError(`Conv2d: groups must divide the ${inChannels} input and the ${outChannels} output channels, got ${groups}`)
    }
    this.inChannels = inChannels
    this.outChannels = outChannels
    this.kernelSize = pair('Conv2d', 'kernelSize', kernelSize, 1)
    this.stride = pair('Conv2d', 'stride', stride, 1)
    this.padding = typeof padding === 'string' ? padding : pair('Conv2d', 'padding', padding, 0)
    this.dilation = pair('Conv2d', 'dilation', dilation, 1)
    this.groups = groups
    this.weight = new Parameter(zeros([outChannels, inChannels / groups, ...this.kernelSize], { dtype }))
    this.bias = bias ? new Parameter(zeros([outChannels], { dtype })) : null
    fanInUniform(this.weight, this.bias)
  }

  /** [N, in, H, W] → [N, out, H', W'] */
  forward(x: Tensor): Tensor {
    if (x.ndim < 3 || x.ndim > 4 || x.shape.at(-3) !== this.inChannels) {
      throw new ShapeError(`${modulePath(this)}.weight expects ${this.inChannels} input channels, got ${showShape(x.shape)}`)
    }
    const { stride, padding, dilation, groups } = this
    return conv2d(x, this.weight, this.bias, { stride, padding, dilation, groups })
  }

  override extraRepr(): string {
    const { stride, padding, dilation, groups } = this
    const parts = [this.inChannels, this.outChannels, `kernelSize=${show(this.kernelSize)}`, `stride=${show(stride)}`]
    if (show(padding) !== '[0, 0]') parts.push(`padding=${show(padding)}`)
    if (show(dilation) !== '[1, 1]') parts.push(`dilation=${show(dilation)}`)
    if (groups !== 1) parts.push(`groups=${groups}`)
    if (!this.bias) parts.push('bias=false')
    return parts.join(', ')
  }
}
