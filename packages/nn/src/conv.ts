import { type ConvOptions, conv1d, conv2d, type DType, type PadMode, pad, ShapeError, type Tensor } from '@tenon/tensor'
import { ConvBase } from './conv-base.ts'
import { isAll, type Pair, pair, type ReadSize, type Single, type Size1d, type Size2d, show, single } from './sizes.ts'

interface ConvLayer extends ConvOptions {
  /** What the padding holds: zeros, or the input mirrored, its edge repeated, or its other end. Default 'zeros'. */
  readonly paddingMode?: PaddingMode
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** What stands beyond the edges of the input. */
export type PaddingMode = 'zeros' | Exclude<PadMode, 'constant'>

/** Defaults: stride 1, padding 0, dilation 1, groups 1. */
export interface Conv1dOptions extends ConvLayer {}

/** Defaults: stride 1, padding 0, dilation 1, groups 1. */
export interface Conv2dOptions extends ConvLayer {}

abstract class Conv<Size extends readonly number[]> extends ConvBase<Size> {
  readonly padding: Size | 'same' | 'valid'
  readonly paddingMode: PaddingMode

  constructor(
    read: ReadSize<Size>,
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly number[],
    { padding = 0, paddingMode = 'zeros', ...options }: ConvLayer,
  ) {
    super(read, false, inChannels, outChannels, kernelSize, options)
    const who = this.constructor.name
    if (!['zeros', 'reflect', 'replicate', 'circular'].includes(paddingMode)) {
      throw new RangeError(`${who}: paddingMode is 'zeros', 'reflect', 'replicate' or 'circular', got '${paddingMode}'`)
    }
    if (padding === 'same' && !isAll(this.stride, 1)) {
      throw new ShapeError(`${who}: padding 'same' needs stride 1, got ${show(this.stride)}`)
    }
    this.padding = typeof padding === 'string' ? padding : read(who, 'padding', padding, 0)
    this.paddingMode = paddingMode
  }

  /** What the convolution takes: x and its padding, or x padded with something else than zeros. */
  protected padded(x: Tensor): { readonly input: Tensor; readonly padding: Size | 'same' | 'valid' } {
    const { padding, paddingMode, kernelSize, dilation } = this
    if (paddingMode === 'zeros' || padding === 'valid') return { input: x, padding }
    const sides = kernelSize.map((k, d) => {
      if (padding !== 'same') return [padding[d]!, padding[d]!]
      const both = dilation[d]! * (k - 1)
      return [Math.floor(both / 2), Math.ceil(both / 2)] // an odd one goes to the end, as in PyTorch
    })
    return { input: pad(x, sides.reverse().flat(), { mode: paddingMode }), padding: 'valid' }
  }

  override extraRepr(): string {
    return this.paddingMode === 'zeros' ? super.extraRepr() : `${super.extraRepr()}, paddingMode=${this.paddingMode}`
  }
}

/**
 * y[n, o] = b[o] + Σ over channels c of x[n, c] ⋆ w[o, c] (cross-correlation); the length becomes
 * ⌊(L + 2 · padding − dilation · (kernelSize − 1) − 1) / stride⌋ + 1; padding 'same' keeps it (stride 1). Weight and bias begin as
 * U(−1/√k, 1/√k) with k = inChannels / groups · kernelSize. PyTorch: `torch.nn.Conv1d`.
 *
 * @throws ShapeError for sizes that are none, groups that do not divide both numbers of channels, or if the input is not
 * [N, inChannels, L] or [inChannels, L], or is shorter than the kernel.
 */
export class Conv1d extends Conv<Single> {
  constructor(inChannels: number, outChannels: number, kernelSize: Size1d, options: Conv1dOptions = {}) {
    super(single, inChannels, outChannels, kernelSize, options)
  }

  /** [N, in, L] → [N, out, L'] */
  forward(x: Tensor): Tensor {
    this.checkChannels(x)
    const { stride, dilation, groups } = this
    const { input, padding } = this.padded(x)
    return conv1d(input, this.weight, this.bias, { stride, padding, dilation, groups })
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
export class Conv2d extends Conv<Pair> {
  constructor(inChannels: number, outChannels: number, kernelSize: Size2d, options: Conv2dOptions = {}) {
    super(pair, inChannels, outChannels, kernelSize, options)
  }

  /** [N, in, H, W] → [N, out, H', W'] */
  forward(x: Tensor): Tensor {
    this.checkChannels(x)
    const { stride, dilation, groups } = this
    const { input, padding } = this.padded(x)
    return conv2d(input, this.weight, this.bias, { stride, padding, dilation, groups })
  }
}
