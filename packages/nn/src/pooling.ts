import { type AvgPoolOptions, avgPool2d, type MaxPoolOptions, maxPool2d, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'
import { type Pair, pair, type Size2d, show } from './sizes.ts'

/**
 * The greatest element of each window; the padding counts as −∞. The height becomes
 * ⌊(H + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, the width likewise. Defaults: stride kernelSize, padding 0,
 * dilation 1. PyTorch: `torch.nn.MaxPool2d`.
 */
export class MaxPool2d extends Module {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly dilation: Pair

  constructor(kernelSize: Size2d, { stride = kernelSize, padding = 0, dilation = 1 }: MaxPoolOptions = {}) {
    super()
    this.kernelSize = pair('MaxPool2d', 'kernelSize', kernelSize, 1)
    this.stride = pair('MaxPool2d', 'stride', stride, 1)
    this.padding = pair('MaxPool2d', 'padding', padding, 0)
    this.dilation = pair('MaxPool2d', 'dilation', dilation, 1)
  }

  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    const { stride, padding, dilation } = this
    return maxPool2d(x, this.kernelSize, { stride, padding, dilation })
  }

  override extraRepr(): string {
    return `kernelSize=${show(this.kernelSize)}, stride=${show(this.stride)}, padding=${show(this.padding)}, dilation=${show(this.dilation)}`
  }
}

/**
 * The mean of each window; the padding counts as zeros, unless `countIncludePad` is false. Sizes as in MaxPool2d. Defaults:
 * stride kernelSize, padding 0, countIncludePad true. PyTorch: `torch.nn.AvgPool2d`.
 */
export class AvgPool2d extends Module {
  readonly kernelSize: Pair
  readonly stride: Pair
  readonly padding: Pair
  readonly countIncludePad: boolean

  constructor(kernelSize: Size2d, { stride = kernelSize, padding = 0, countIncludePad = true }: AvgPoolOptions = {}) {
    super()
    this.kernelSize = pair('AvgPool2d', 'kernelSize', kernelSize, 1)
    this.stride = pair('AvgPool2d', 'stride', stride, 1)
    this.padding = pair('AvgPool2d', 'padding', padding, 0)
    this.countIncludePad = countIncludePad
  }

  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    const { stride, padding, countIncludePad } = this
    return avgPool2d(x, this.kernelSize, { stride, padding, countIncludePad })
  }

  override extraRepr(): string {
    return `kernelSize=${show(this.kernelSize)}, stride=${show(this.stride)}, padding=${show(this.padding)}`
  }
}
