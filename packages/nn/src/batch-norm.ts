import { type DType, full, ones, rsqrt, ShapeError, showShape, type Tensor, Variable, zeros } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'

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

/**
 * y = (x − mean) / √(variance + eps) · weight + bias, per channel. While training, mean and (biased) variance are those of the batch,
 * and the running ones move towards them: running ← (1 − momentum) · running + momentum · batch, with the unbiased variance there.
 * In `eval()` the running ones are used. PyTorch: `torch.nn.BatchNorm2d`; Ioffe & Szegedy 2015.
 *
 * @throws ShapeError if the input is not [N, numFeatures, H, W], or training sees one value per channel.
 */
export class BatchNorm2d extends Module {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  readonly weight: Parameter | null // [C]
  readonly bias: Parameter | null // [C]
  readonly runningMean: Variable | null // [C]
  readonly runningVar: Variable | null // [C]
  readonly numBatchesTracked: Variable | null // []

  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super()
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, dtype = 'float32' } = options
    this.numFeatures = numFeatures
    this.eps = eps
    this.momentum = momentum
    this.weight = affine ? new Parameter(ones([numFeatures], { dtype })) : null
    this.bias = affine ? new Parameter(zeros([numFeatures], { dtype })) : null
    this.runningMean = trackRunningStats ? new Variable(zeros([numFeatures], { dtype })) : null
    this.runningVar = trackRunningStats ? new Variable(ones([numFeatures], { dtype })) : null
    this.numBatchesTracked = trackRunningStats ? new Variable(full([], 0, { dtype: 'int32' })) : null
  }

  /** [N, C, H, W] → same */
  forward(x: Tensor): Tensor {
    if (x.ndim !== 4 || x.shape[1] !== this.numFeatures) {
      throw new ShapeError(`${modulePath(this)} expects [N, ${this.numFeatures}, H, W], got ${showShape(x.shape)}`)
    }
    const { runningMean, runningVar } = this
    if (!this.training && runningMean && runningVar) return this.#normalise(x, runningMean, runningVar)

    const count = x.size / this.numFeatures
    if (this.training && count < 2) {
      throw new ShapeError(`${modulePath(this)} needs more than one value per channel to train, got ${showShape(x.shape)}`)
    }
    const mean = x.mean([0, 2, 3]) // [C]
    const centred = x.sub(perChannel(mean))
    const variance = centred.mul(centred).mean([0, 2, 3]) // [C]
    if (this.training) this.#track(mean, variance.mul(count / (count - 1)))
    return this.#normalise(x, mean, variance)
  }

  #normalise(x: Tensor, mean: Tensor, variance: Tensor): Tensor {
    const inverse = rsqrt(variance.add(this.eps))
    const scale = this.weight ? inverse.mul(this.weight) : inverse
    const y = x.sub(perChannel(mean)).mul(perChannel(scale))
    return this.bias ? y.add(perChannel(this.bias)) : y
  }

  #track(mean: Tensor, variance: Tensor): void {
    const { runningMean, runningVar, numBatchesTracked } = this
    if (!runningMean || !runningVar || !numBatchesTracked) return
    numBatchesTracked.assign(numBatchesTracked.add(1))
    const factor = this.momentum ?? ones([], { dtype: mean.dtype }).div(numBatchesTracked.cast(mean.dtype))
    runningMean.assign(runningMean.add(mean.sub(runningMean).mul(factor)))
    runningVar.assign(runningVar.add(variance.sub(runningVar).mul(factor)))
  }

  override extraRepr(): string {
    return [
      this.numFeatures,
      `eps=${this.eps}`,
      `momentum=${this.momentum}`,
      `affine=${this.weight !== null}`,
      `trackRunningStats=${this.runningMean !== null}`,
    ].join(', ')
  }
}

/** [C] → [C, 1, 1] */
const perChannel = (x: Tensor): Tensor => x.reshape([-1, 1, 1])
