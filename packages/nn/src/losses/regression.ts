import { square, type Tensor, where } from '@tenon/tensor'
import { checkOption, checkSameShape, type LossOptions, reduce } from './reduction.ts'

/**
 * (input − target)². Shapes must be equal: what broadcasts here is a mistake far more often than a wish, so it is left to `expand`.
 * PyTorch: `torch.nn.functional.mse_loss`.
 *
 * @throws ShapeError if the shapes differ.
 */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape('mseLoss', input, { target })
  return reduce('mseLoss', square(input.sub(target)), options)
}

/** |input − target|. PyTorch: `torch.nn.functional.l1_loss`. @throws ShapeError if the shapes differ. */
export function l1Loss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  checkSameShape('l1Loss', input, { target })
  return reduce('l1Loss', input.sub(target).abs(), options)
}

/** Options of `SmoothL1Loss` and `smoothL1Loss`. */
export interface SmoothL1Options extends LossOptions {
  /** Where the parabola ends. Default 1; with 0, the loss is `l1Loss`. */
  readonly beta?: number
}

/**
 * d² / (2 · beta) where d = |input − target| < beta, d − beta / 2 elsewhere. PyTorch: `torch.nn.functional.smooth_l1_loss`.
 *
 * @throws ShapeError if the shapes differ, RangeError if beta is below 0.
 */
export function smoothL1Loss(input: Tensor, target: Tensor, options: SmoothL1Options = {}): Tensor {
  const { beta = 1 } = options
  checkOption(beta >= 0, `smoothL1Loss: beta is a number ≥ 0, got ${beta}`)
  checkSameShape('smoothL1Loss', input, { target })
  const distance = input.sub(target).abs()
  const losses = beta === 0 ? distance : where(distance.lt(beta), square(distance).mul(0.5 / beta), distance.sub(0.5 * beta))
  return reduce('smoothL1Loss', losses, options)
}

/** Options of `HuberLoss` and `huberLoss`. */
export interface HuberOptions extends LossOptions {
  /** Where the parabola ends. Default 1. */
  readonly delta?: number
}

/**
 * ½ d² where d = |input − target| ≤ delta, delta · (d − delta / 2) elsewhere: delta · `smoothL1Loss`. PyTorch: `torch.nn.functional.huber_loss`.
 *
 * @throws ShapeError if the shapes differ, RangeError unless delta is above 0.
 */
export function huberLoss(input: Tensor, target: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1 } = options
  checkOption(delta > 0, `huberLoss: delta is a number above 0, got ${delta}`)
  checkSameShape('huberLoss', input, { target })
  const distance = input.sub(target).abs()
  const losses = where(distance.le(delta), square(distance).mul(0.5), distance.sub(0.5 * delta).mul(delta))
  return reduce('huberLoss', losses, options)
}
