import { ShapeError, showShape, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'

/** How many on each side: one number for all, or [left, right, top, bottom], as PyTorch orders them. */
export type Padding2d = number | readonly [left: number, right: number, top: number, bottom: number]

/**
 * Zeros around each image. PyTorch: `torch.nn.ZeroPad2d`.
 *
 * @throws ShapeError if the padding is not made of whole numbers ≥ 0, or the input is neither [N, C, H, W] nor [C, H, W].
 */
export class ZeroPad2d extends Module {
  readonly padding: readonly [left: number, right: number, top: number, bottom: number]

  constructor(padding: Padding2d) {
    super()
    const sides = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding
    if (sides.length !== 4 || sides.some((n) => !Number.isInteger(n) || n < 0)) {
      throw new ShapeError(
        `ZeroPad2d: padding is a whole number ≥ 0 or four of them, [left, right, top, bottom], got ${JSON.stringify(padding)}`,
      )
    }
    this.padding = sides
  }

  /** [..., H, W] → [..., top + H + bottom, left + W + right] */
  forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new ShapeError(`${modulePath(this)} expects [N, C, H, W] or [C, H, W], got ${showShape(x.shape)}`)
    }
    const [left, right, top, bottom] = this.padding
    return x.pad([...x.shape.slice(0, -2).map(() => [0, 0] as const), [top, bottom], [left, right]])
  }

  override extraRepr(): string {
    return showShape(this.padding)
  }
}
