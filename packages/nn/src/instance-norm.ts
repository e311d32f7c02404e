import { type DType, ShapeError, showShape, type Tensor } from '@tenon/tensor'
import { modulePath } from './module-path.ts'
import { beside, RunningNorm } from './running-norm.ts'

/** Options of `InstanceNorm2d`. */
export interface InstanceNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number
  /** Weight of the newest batch in the running statistics. Default 0.1. */
  readonly momentum?: number
  /** Learn a scale and a shift per channel. Default false. */
  readonly affine?: boolean
  /** Keep running statistics, and use them in `eval()`. Default false. */
  readonly trackRunningStats?: boolean
  /** Of the parameters and statistics. Default float32. */
  readonly dtype?: DType
}

/**
 * y = (x − mean) / √(variance + eps) · weight + bias, with mean and (biased) variance over the pixels of each channel of each sample. With
 * `trackRunningStats`, the running statistics move towards the mean over the batch of those (of the unbiased variance), and are used in
 * `eval()`. PyTorch: `torch.nn.InstanceNorm2d`, whose `numBatchesTracked` stays 0 too; Ulyanov et al. 2016.
 *
 * @throws ShapeError if the input is neither [N, numFeatures, H, W] nor [numFeatures, H, W], or training sees one pixel.
 */
export class InstanceNorm2d extends RunningNorm {
  constructor(numFeatures: number, options: InstanceNormOptions = {}) {
    const { eps = 1e-5, momentum = 0.1, affine = false, trackRunningStats = false, dtype = 'float32' } = options
    super(numFeatures, { eps, momentum, affine, trackRunningStats, dtype })
  }

  /** [N, C, H, W] or [C, H, W] → same */
  forward(x: Tensor): Tensor {
    const c = this.numFeatures
    if ((x.ndim !== 3 && x.ndim !== 4) || x.shape.at(-3) !== c) {
      throw new ShapeError(`${modulePath(this)} expects [N, ${c}, H, W] or [${c}, H, W], got ${showShape(x.shape)}`)
    }
    return x.ndim === 3 ? this.#batch(x.unsqueeze(0)).squeeze(0) : this.#batch(x)
  }

  #batch(x: Tensor): Tensor {
    const { runningMean, runningVar, momentum } = this
    if (!this.training && runningMean && runningVar) return this.normalise(x, runningMean, runningVar)

    const count = x.shape[2]! * x.shape[3]!
    if (this.training && count === 1) {
      throw new ShapeError(`${modulePath(this)} needs more than one pixel to train, got ${showShape(x.shape)}`)
    }
    const mean = x.mean([2, 3]) // [N, C]
    const centred = x.sub(beside(mean, x))
    const variance = centred.mul(centred).mean([2, 3]) // [N, C]
    if (this.training) this.moveRunning(mean.mean(0), variance.mean(0).mul(count / (count - 1)), momentum ?? 0)
    return this.normalise(x, mean, variance)
  }
}
