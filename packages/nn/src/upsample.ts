import { type InterpolateOptions, interpolate, pixelShuffle, pixelUnshuffle, ShapeError, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'

/**
 * Sequences or images of another size, by the nearest element or by interpolation: `{ scaleFactor: 2 }` or `{ size: [32, 32] }`; mode 'nearest'
 * (the default), 'linear' for sequences, 'bilinear' for images, these two with `alignCorners` (default false). PyTorch: `torch.nn.Upsample`.
 *
 * @throws ShapeError unless there is either a size or a scale factor, or if the input does not fit the mode.
 */
export class Upsample extends Module {
  readonly size: number | readonly number[] | null
  readonly scaleFactor: number | readonly number[] | null
  readonly mode: NonNullable<InterpolateOptions['mode']>
  readonly alignCorners: boolean

  constructor({ size, scaleFactor, mode = 'nearest', alignCorners = false }: InterpolateOptions) {
    super()
    if ((size === undefined) === (scaleFactor === undefined)) throw new ShapeError('Upsample takes either a size or a scaleFactor')
    this.size = size ?? null
    this.scaleFactor = scaleFactor ?? null
    this.mode = mode
    this.alignCorners = alignCorners
  }

  /** [N, C, H, W] → [N, C, H', W'] */
  forward(x: Tensor): Tensor {
    const { size, scaleFactor, mode, alignCorners } = this
    return interpolate(x, { ...(size === null ? { scaleFactor: scaleFactor! } : { size }), mode, alignCorners })
  }

  override extraRepr(): string {
    const show = (value: number | readonly number[]): string => (typeof value === 'number' ? String(value) : `[${value.join(', ')}]`)
    const target = this.size === null ? `scaleFactor=${show(this.scaleFactor!)}` : `size=${show(this.size)}`
    return `${target}, mode=${this.mode}${this.alignCorners ? ', alignCorners=true' : ''}`
  }
}

/**
 * Channels to pixels: y[n, c, h · r + i, w · r + j] = x[n, c · r² + i · r + j, h, w]. PyTorch: `torch.nn.PixelShuffle`; Shi et al. 2016.
 *
 * @throws ShapeError if the factor is no whole number ≥ 1, or r² does not divide the channels.
 */
export class PixelShuffle extends Module {
  readonly upscaleFactor: number

  constructor(upscaleFactor: number) {
    super()
    this.upscaleFactor = factor('PixelShuffle', upscaleFactor)
  }

  /** [N, C · r², H, W] → [N, C, H · r, W · r] */
  forward(x: Tensor): Tensor {
    return pixelShuffle(x, this.upscaleFactor)
  }

  override extraRepr(): string {
    return `upscaleFactor=${this.upscaleFactor}`
  }
}

/**
 * Pixels to channels: what undoes PixelShuffle. PyTorch: `torch.nn.PixelUnshuffle`.
 *
 * @throws ShapeError if the factor is no whole number ≥ 1, or does not divide height and width.
 */
export class PixelUnshuffle extends Module {
  readonly downscaleFactor: number

  constructor(downscaleFactor: number) {
    super()
    this.downscaleFactor = factor('PixelUnshuffle', downscaleFactor)
  }

  /** [N, C, H · r, W · r] → [N, C · r², H, W] */
  forward(x: Tensor): Tensor {
    return pixelUnshuffle(x, this.downscaleFactor)
  }

  override extraRepr(): string {
    return `downscaleFactor=${this.downscaleFactor}`
  }
}

function factor(who: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value
  throw new ShapeError(`${who}: the factor is a whole number ≥ 1, got ${value}`)
}
