import { type ConvTransposeOptions, convTranspose1d, convTranspose2d, type DType, type Tensor } from '@tenon/tensor'
import { ConvBase } from './conv-base.ts'
import { isAll, type Pair, pair, type Single, type Size1d, type Size2d, show, single } from './sizes.ts'

interface ConvTransposeLayer extends ConvTransposeOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Defaults: stride 1, padding 0, outputPadding 0, dilation 1, groups 1. */
export interface ConvTranspose1dOptions extends ConvTransposeLayer {}

/** Defaults: stride 1, padding 0, outputPadding 0, dilation 1, groups 1. */
export interface ConvTranspose2dOptions extends ConvTransposeLayer {}

abstract class ConvTranspose<Size extends readonly number[]> extends ConvBase<Size> {
  abstract override readonly padding: Size
  abstract readonly outputPadding: Size

  override extraRepr(): string {
    const extra = isAll(this.outputPadding, 0) ? '' : `, outputPadding=${show(this.outputPadding)}`
    return super.extraRepr() + extra
  }
}

/**
 * The gradient of Conv1d by its input, as a layer: each element of x adds the kernel, scaled by it, at stride times its place. The length becomes
 * (L − 1) · stride − 2 · padding + dilation · (kernelSize − 1) + outputPadding + 1. Weight and bias begin as U(−1/√k, 1/√k) with
 * k = outChannels / groups · kernelSize. PyTorch: `torch.nn.ConvTranspose1d`.
 *
 * @throws ShapeError for sizes that are none, groups that do not divide both numbers of channels, an outputPadding that is not below stride or
 * dilation, or if the input is not [N, inChannels, L] or [inChannels, L].
 */
export class ConvTranspose1d extends ConvTranspose<Single> {
  readonly padding: Single
  readonly outputPadding: Single

  constructor(inChannels: number, outChannels: number, kernelSize: Size1d, options: ConvTranspose1dOptions = {}) {
    super(single, true, inChannels, outChannels, kernelSize, options)
    this.padding = single('ConvTranspose1d', 'padding', options.padding ?? 0, 0)
    this.outputPadding = single('ConvTranspose1d', 'outputPadding', options.outputPadding ?? 0, 0)
  }

  /** [N, in, L] → [N, out, L'] */
  forward(x: Tensor): Tensor {
    this.checkChannels(x)
    const { stride, padding, outputPadding, dilation, groups } = this
    return convTranspose1d(x, this.weight, this.bias, { stride, padding, outputPadding, dilation, groups })
  }
}

/**
 * As ConvTranspose1d, over [N, C, H, W]: the height becomes
 * (H − 1) · stride − 2 · padding + dilation · (kernelSize − 1) + outputPadding + 1, the width likewise. Weight and bias begin as
 * U(−1/√k, 1/√k) with k = outChannels / groups · kernel height · kernel width. PyTorch: `torch.nn.ConvTranspose2d`.
 *
 * @throws ShapeError as ConvTranspose1d, or if the input is not [N, inChannels, H, W] or [inChannels, H, W].
 */
export class ConvTranspose2d extends ConvTranspose<Pair> {
  readonly padding: Pair
  readonly outputPadding: Pair

  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: ConvTranspose2dOptions = {}) {
    super(pair, true, inChannels, outChannels, kernelSize, options)
    this.padding = pair('ConvTranspose2d', 'padding', options.padding ?? 0, 0)
    this.outputPadding = pair('ConvTranspose2d', 'outputPadding', options.outputPadding ?? 0, 0)
  }

  /** [N, in, H, W] → [N, out, H', W'] */
  forward(x: Tensor): Tensor {
    this.checkChannels(x)
    const { stride, padding, outputPadding, dilation, groups } = this
    return convTranspose2d(x, this.weight, this.bias, { stride, padding, outputPadding, dilation, groups })
  }
}
