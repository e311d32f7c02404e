/** Pooling to a size: window i of n is made of elements ⌊i · H / n⌋ to ⌈(i + 1) · H / n⌉ − 1. */
import { adaptiveAvgPool1d, adaptiveAvgPool2d, adaptiveMaxPool1d, adaptiveMaxPool2d, ShapeError, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'

/** One number for both, or [height, width]; null keeps the size of the input. */
export type OutputSize2d = number | null | readonly (number | null)[]

abstract class AdaptivePool<Size> extends Module {
  readonly outputSize: Size

  constructor(outputSize: Size) {
    super()
    const sizes: readonly unknown[] = Array.isArray(outputSize) ? outputSize : [outputSize]
    if (!sizes.every((size) => size === null || (Number.isInteger(size) && (size as number) > 0))) {
      throw new ShapeError(
        `${this.constructor.name}: an output size is a whole number ≥ 1, or null for that of the input, got ${JSON.stringify(outputSize)}`,
      )
    }
    this.outputSize = outputSize
  }

  override extraRepr(): string {
    return `outputSize=${JSON.stringify(this.outputSize).replaceAll(',', ', ')}`
  }
}

/**
 * The mean of each of `outputSize` windows, whatever the length of the input. PyTorch: `torch.nn.AdaptiveAvgPool1d`.
 *
 * @throws ShapeError for a size that is none, or if the input is neither [N, C, L] nor [C, L].
 */
export class AdaptiveAvgPool1d extends AdaptivePool<number> {
  /** [N, C, L] → [N, C, outputSize] */
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool1d(x, this.outputSize)
  }
}

/**
 * The mean of each of `outputSize` windows, whatever the size of the input; `new AdaptiveAvgPool2d(1)` takes that of each channel. PyTorch:
 * `torch.nn.AdaptiveAvgPool2d`.
 *
 * @throws ShapeError for a size that is none, or if the input is neither [N, C, H, W] nor [C, H, W].
 */
export class AdaptiveAvgPool2d extends AdaptivePool<OutputSize2d> {
  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    return adaptiveAvgPool2d(x, this.outputSize)
  }
}

/** The greatest element of each of `outputSize` windows. Errors as in AdaptiveAvgPool1d. PyTorch: `torch.nn.AdaptiveMaxPool1d`. */
export class AdaptiveMaxPool1d extends AdaptivePool<number> {
  /** [N, C, L] → [N, C, outputSize] */
  forward(x: Tensor): Tensor {
    return adaptiveMaxPool1d(x, this.outputSize)
  }
}

/** The greatest element of each of `outputSize` windows. Errors as in AdaptiveAvgPool2d. PyTorch: `torch.nn.AdaptiveMaxPool2d`. */
export class AdaptiveMaxPool2d extends AdaptivePool<OutputSize2d> {
  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    return adaptiveMaxPool2d(x, this.outputSize)
  }
}
