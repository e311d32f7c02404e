import { type ConvOptions, conv1d, conv2d, type DType, type Tensor } from '@tenon/tensor'
import { ConvBase } from './conv-base.ts'
import { type Pair, pair, type Single, type Size1d, type Size2d, single } from './sizes.ts'

interface ConvLayer extends ConvOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Defaults: stride 1, padding 0, dilation 1, groups 1. */
export interface Conv1dOptions extends ConvLayer {}

/** Defaults: stride 1, padding 0, dilation 1, groups 1. */
export interface Conv2dOptions extends ConvLayer {}

/**
 * y[n, o] = b[o] + Σ over channels c of x[n, c] ⋆ w[o, c] (cross-correlation); the length becomes
 * ⌊(L + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1; padding 'same' keeps it (stride 1). Weight and bias begin as
 * U(−1/√k, 1/√k) with k = inChannels / groups · kernelSize. PyTorch: `torch.nn.Conv1d`.
 *
 * @throws ShapeError for sizes that are none, groups that do not divide both numbers of channels, or if the input is not
 * [N, inChannels, L] or [inChannels, L], or is shorter than the kernel.
 */
export class Conv1d extends ConvBase<Single> {
  readonly padding: Single | 'same' | 'valid'

  constructor(inChannels: number, outChannels: number, kernelSize: Size1d, options: Conv1dOptions = {}) {
    super(single, false, inChannels, outChannels, kernelSize, options)
    const { padding = 0 } = options
    this.padding = typeof padding === 'string' ? padding : single('Conv1d', 'padding', padding, 0)
  }

  /** [N, in, L] → [N, out, L'] */
  forward(x: Tensor): Tensor {
    this.checkChannels(x)
    const { stride, padding, dilation, groups } = this
    return conv1d(x, this.weight, this.bias, { stride, padding, dilation, groups })
  }
}

/**
 * y[n, o] = b[o] + Σ over channels c of x[n, c] ⋆ w[o, c] (cross-correlation); the height becomes
 * ⌊(H + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1, the width likewise; padding 'same' keeps both (stride 1). Weight and bias
 * begin as U(−1/√k, 1/√k) with k = inChannels / groups · kernel height · kernel width. PyTorch: `torch.nn.Conv2d`.
 *
 * @throws ShapeError for sizes that are none, groups that do not divide both numbers of channels, or if the input is not
 * [N, inChannels, H, W] or [inChannels, H, W], or is smaller than the kernel.
 */
export class Conv2d extends ConvBase<Pair> {
  readonly padding: Pair | 'same' | 'valid'

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dOptions = {}) {
    super(pair, false, inChannels, outChannels, kernelSize, options)
    const { padding = 0 } = options
    this.padding = typeof padding === 'string' ? padding : pair('Conv2d', 'padding', padding, 0)
  }

  /** [N, in, H, W] → [N, out, H', W'] */
  forward(x: Tensor): Tensor {
    this.checkChannels(x)
    const { stride, padding, dilation, groups } = this
    return conv2d(x, this.weight, this.bias, { stride, padding, dilation, groups })
  }
}
