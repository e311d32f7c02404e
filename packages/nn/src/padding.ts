import { type PadMode, pad, ShapeError, showShape, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'

/** How many on each side: one number for all, or [left, right, top, bottom], as PyTorch orders them. */
export type Padding2d = number | readonly [left: number, right: number, top: number, bottom: number]

abstract class Pad2d extends Module {
  readonly padding: readonly [left: number, right: number, top: number, bottom: number]
  readonly #mode: PadMode

  constructor(mode: PadMode, padding: Padding2d) {
    super()
    const sides = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding
    if (sides.length !== 4 || !sides.every(Number.isInteger)) {
      throw new ShapeError(
        `${this.constructor.name}: padding is a whole number or four of them, [left, right, top, bottom], got ${JSON.stringify(padding)}`,
      )
    }
    this.#mode = mode
    this.padding = sides
  }

  /** What a padding by a constant holds. */
  protected fill(): number {
    return 0
  }

  /** [..., H, W] → [..., top + H + bottom, left + W + right] */
  forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4) {
      throw new ShapeError(`${modulePath(this)} expects [N, C, H, W] or [C, H, W], got ${showShape(x.shape)}`)
    }
    return pad(x, this.padding, { mode: this.#mode, value: this.fill() })
  }

  override extraRepr(): string {
    return showShape(this.padding)
  }
}

/**
 * Zeros around each image; a negative number crops. PyTorch: `torch.nn.ZeroPad2d`.
 *
 * @throws ShapeError if the padding is not made of whole numbers, crops more than there is, or the input is neither [N, C, H, W] nor [C, H, W].
 */
export class ZeroPad2d extends Pad2d {
  constructor(padding: Padding2d) {
    super('constant', padding)
  }
}

/** `value` around each image; a negative number crops. Errors as in ZeroPad2d. PyTorch: `torch.nn.ConstantPad2d`. */
export class ConstantPad2d extends Pad2d {
  readonly value: number

  constructor(padding: Padding2d, value: number) {
    super('constant', padding)
    this.value = value
  }

  protected override fill(): number {
    return this.value
  }

  override extraRepr(): string {
    return `${super.extraRepr()}, value=${this.value}`
  }
}

/**
 * Each image mirrored at its edges, which are not repeated. PyTorch: `torch.nn.ReflectionPad2d`.
 *
 * @throws ShapeError as ZeroPad2d, for a padding below 0, or one that is not smaller than the image.
 */
export class ReflectionPad2d extends Pad2d {
  constructor(padding: Padding2d) {
    super('reflect', padding)
  }
}

/** The edges of each image repeated outwards. Errors as in ZeroPad2d, and for a padding below 0. PyTorch: `torch.nn.ReplicationPad2d`. */
export class ReplicationPad2d extends Pad2d {
  constructor(padding: Padding2d) {
    super('replicate', padding)
  }
}
