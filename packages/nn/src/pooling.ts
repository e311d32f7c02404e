import {
  type AvgPool2dOptions,
  type AvgPoolOptions,
  avgPool1d,
  avgPool2d,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  type Tensor,
} from '@tenon/tensor'
import { Module } from './module.ts'
import { type Pair, pair, type ReadSize, type Single, type Size1d, type Size2d, show, single } from './sizes.ts'

abstract class MaxPool<Size extends readonly number[]> extends Module {
  readonly kernelSize: Size
  readonly stride: Size
  readonly padding: Size
  readonly dilation: Size
  readonly ceilMode: boolean

  constructor(read: ReadSize<Size>, kernelSize: number | readonly number[], options: MaxPoolOptions) {
    super()
    const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = options
    const who = this.constructor.name
    this.kernelSize = read(who, 'kernelSize', kernelSize, 1)
    this.stride = read(who, 'stride', stride, 1)
    this.padding = read(who, 'padding', padding, 0)
    this.dilation = read(who, 'dilation', dilation, 1)
    this.ceilMode = ceilMode
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, dilation, ceilMode } = this
    const sizes = `kernelSize=${show(kernelSize)}, stride=${show(stride)}, padding=${show(padding)}, dilation=${show(dilation)}`
    return ceilMode ? `${sizes}, ceilMode=true` : sizes
  }
}

/**
 * The greatest element of each window; the padding counts as −∞. The length becomes
 * ⌊(L + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, with `ceilMode` ⌈ ⌉ for ⌊ ⌋ as long as the last window begins before
 * the end of the input. Defaults: stride kernelSize, padding 0, dilation 1, ceilMode false. PyTorch: `torch.nn.MaxPool1d`.
 *
 * @throws ShapeError for sizes that are none, a padding of more than half a window, or if the input is neither [N, C, L] nor [C, L], or is
 * shorter than a window.
 */
export class MaxPool1d extends MaxPool<Single> {
  constructor(kernelSize: Size1d, options: MaxPoolOptions = {}) {
    super(single, kernelSize, options)
  }

  /** [N, C, L] → [N, C, L'] */
  forward(x: Tensor): Tensor {
    const { stride, padding, dilation, ceilMode } = this
    return maxPool1d(x, this.kernelSize, { stride, padding, dilation, ceilMode })
  }
}

/**
 * The greatest element of each window; the padding counts as −∞. The height becomes
 * ⌊(H + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, the width likewise; with `ceilMode` ⌈ ⌉ for ⌊ ⌋ as long as the last window
 * begins before the end of the input. Defaults: stride kernelSize, padding 0, dilation 1, ceilMode false. PyTorch: `torch.nn.MaxPool2d`.
 *
 * @throws ShapeError as MaxPool1d, or if the input is neither [N, C, H, W] nor [C, H, W].
 */
export class MaxPool2d extends MaxPool<Pair> {
  constructor(kernelSize: Size2d, options: MaxPoolOptions = {}) {
    super(pair, kernelSize, options)
  }

  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    const { stride, padding, dilation, ceilMode } = this
    return maxPool2d(x, this.kernelSize, { stride, padding, dilation, ceilMode })
  }
}

abstract class AvgPool<Size extends readonly number[]> extends Module {
  readonly kernelSize: Size
  readonly stride: Size
  readonly padding: Size
  readonly ceilMode: boolean
  readonly countIncludePad: boolean

  constructor(read: ReadSize<Size>, kernelSize: number | readonly number[], options: AvgPoolOptions) {
    super()
    const { stride = kernelSize, padding = 0, ceilMode = false, countIncludePad = true } = options
    const who = this.constructor.name
    this.kernelSize = read(who, 'kernelSize', kernelSize, 1)
    this.stride = read(who, 'stride', stride, 1)
    this.padding = read(who, 'padding', padding, 0)
    this.ceilMode = ceilMode
    this.countIncludePad = countIncludePad
  }

  override extraRepr(): string {
    const { kernelSize, stride, padding, ceilMode } = this
    const sizes = `kernelSize=${show(kernelSize)}, stride=${show(stride)}, padding=${show(padding)}`
    return ceilMode ? `${sizes}, ceilMode=true` : sizes
  }
}

/**
 * The mean of each window; the padding counts as zeros, unless `countIncludePad` is false. Sizes and errors as in MaxPool1d. Defaults: stride
 * kernelSize, padding 0, ceilMode false, countIncludePad true. PyTorch: `torch.nn.AvgPool1d`.
 */
export class AvgPool1d extends AvgPool<Single> {
  constructor(kernelSize: Size1d, options: AvgPoolOptions = {}) {
    super(single, kernelSize, options)
  }

  /** [N, C, L] → [N, C, L'] */
  forward(x: Tensor): Tensor {
    const { stride, padding, ceilMode, countIncludePad } = this
    return avgPool1d(x, this.kernelSize, { stride, padding, ceilMode, countIncludePad })
  }
}

/**
 * The mean of each window; the padding counts as zeros, unless `countIncludePad` is false; with `divisorOverride`, the sum of each window by that
 * number. Sizes and errors as in MaxPool2d. Defaults: stride kernelSize, padding 0, ceilMode false, countIncludePad true. PyTorch:
 * `torch.nn.AvgPool2d`.
 */
export class AvgPool2d extends AvgPool<Pair> {
  readonly divisorOverride: number | null

  constructor(kernelSize: Size2d, options: AvgPool2dOptions = {}) {
    super(pair, kernelSize, options)
    this.divisorOverride = options.divisorOverride ?? null
  }

  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    const { stride, padding, ceilMode, countIncludePad, divisorOverride } = this
    const options = { stride, padding, ceilMode, countIncludePad }
    return avgPool2d(x, this.kernelSize, divisorOverride === null ? options : { ...options, divisorOverride })
  }
}
