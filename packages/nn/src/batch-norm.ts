import { type DType, ones, ShapeError, showShape, type Tensor } from '@tenon/tensor'
import { modulePath } from './module-path.ts'
import { beside, RunningNorm } from './running-norm.ts'

/** Options of `BatchNorm1d` and `BatchNorm2d`. */
export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number
  /** Weight of the newest batch in the running statistics; null for the plain mean over all batches. Default 0.1. */
  readonly momentum?: number | null
  /** Learn a scale and a shift per channel. Default true. */
  readonly affine?: boolean
  /** Keep running statistics, for `eval()`. Default true; without them, the batch's own are used in `eval()` too. */
  readonly trackRunningStats?: boolean
  /** Of the parameters and statistics. Default float32. */
  readonly dtype?: DType
}

abstract class BatchNorm extends RunningNorm {
  constructor(numFeatures: number, options: BatchNormOptions) {
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, dtype = 'float32' } = options
    super(numFeatures, { eps, momentum, affine, trackRunningStats, dtype })
  }

  /** `[N, 3, H, W]` of every shape that is taken: what each dimension is called. */
  protected abstract layouts(): readonly string[]

  /** Same shape. */
  forward(x: Tensor): Tensor {
    const layouts = this.layouts()
    if (x.shape[1] !== this.numFeatures || !layouts.some((layout) => layout.split(',').length === x.ndim)) {
      throw new ShapeError(`${modulePath(this)} expects ${layouts.join(' or ')}, got ${showShape(x.shape)}`)
    }
    const { runningMean, runningVar } = this
    if (!this.training && runningMean && runningVar) return this.normalise(x, runningMean, runningVar)

    const count = x.size / this.numFeatures
    if (this.training && count < 2) {
      throw new ShapeError(`${modulePath(this)} needs more than one value per channel to train, got ${showShape(x.shape)}`)
    }
    const dims = x.shape.map((_, d) => d).filter((d) => d !== 1)
    const mean = x.mean(dims) // [C]
    const centred = x.sub(beside(mean, x))
    const variance = centred.mul(centred).mean(dims) // [C]
    if (this.training) this.#track(mean, variance.mul(count / (count - 1)))
    return this.normalise(x, mean, variance)
  }

  #track(mean: Tensor, variance: Tensor): void {
    const { numBatchesTracked } = this
    if (!numBatchesTracked) return
    numBatchesTracked.assign(numBatchesTracked.add(1))
    this.moveRunning(mean, variance, this.momentum ?? ones([], { dtype: mean.dtype }).div(numBatchesTracked.cast(mean.dtype)))
  }
}

/**
 * y = (x − mean) / √(variance + eps) · weight + bias, per channel of [N, C] or [N, C, L]. While training, mean and (biased) variance are
 * those of the batch, and the running ones move towards them: running ← (1 − momentum) · running + momentum · batch, with the unbiased
 * variance there. In `eval()` the running ones are used. PyTorch: `torch.nn.BatchNorm1d`; Ioffe & Szegedy 2015.
 *
 * @throws ShapeError if the input is neither [N, numFeatures] nor [N, numFeatures, L], or training sees one value per channel.
 */
export class BatchNorm1d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super(numFeatures, options)
  }

  protected override layouts(): readonly string[] {
    return [`[N, ${this.numFeatures}]`, `[N, ${this.numFeatures}, L]`]
  }
}

/**
 * As BatchNorm1d, per channel of [N, C, H, W]. PyTorch: `torch.nn.BatchNorm2d`.
 *
 * @throws ShapeError if the input is not [N, numFeatures, H, W], or training sees one value per channel.
 */
export class BatchNorm2d extends BatchNorm {
  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super(numFeatures, options)
  }

  protected override layouts(): readonly string[] {
    return [`[N, ${this.numFeatures}, H, W]`]
  }
}
