import { type DType, full, ones, rsqrt, type Tensor, Variable, zeros } from '@tenon/tensor'
import { Module } from './module.ts'
import { Parameter } from './parameter.ts'

export interface RunningNormOptions {
  readonly eps: number
  readonly momentum: number | null
  readonly affine: boolean
  readonly trackRunningStats: boolean
  readonly dtype: DType
}

/** What batch norm and instance norm share: a scale and a shift for each channel, and running statistics. */
export abstract class RunningNorm extends Module {
  readonly numFeatures: number
  readonly eps: number
  readonly momentum: number | null
  readonly weight: Parameter | null // [C]
  readonly bias: Parameter | null // [C]
  readonly runningMean: Variable | null // [C]
  readonly runningVar: Variable | null // [C]
  readonly numBatchesTracked: Variable | null // []

  constructor(numFeatures: number, { eps, momentum, affine, trackRunningStats, dtype }: RunningNormOptions) {
    super()
    this.numFeatures = numFeatures
    this.eps = eps
    this.momentum = momentum
    this.weight = affine ? new Parameter(ones([numFeatures], { dtype })) : null
    this.bias = affine ? new Parameter(zeros([numFeatures], { dtype })) : null
    this.runningMean = trackRunningStats ? new Variable(zeros([numFeatures], { dtype })) : null
    this.runningVar = trackRunningStats ? new Variable(ones([numFeatures], { dtype })) : null
    this.numBatchesTracked = trackRunningStats ? new Variable(full([], 0, { dtype: 'int32' })) : null
  }

  /** (x − mean) / √(variance + eps) · weight + bias; mean and variance are [C], or [N, C] for each sample its own. */
  protected normalise(x: Tensor, mean: Tensor, variance: Tensor): Tensor {
    const inverse = rsqrt(variance.add(this.eps))
    const scale = this.weight ? inverse.mul(this.weight) : inverse
    const y = x.sub(beside(mean, x)).mul(beside(scale, x))
    return this.bias ? y.add(beside(this.bias, x)) : y
  }

  /** running ← (1 − factor) · running + factor · new */
  protected moveRunning(mean: Tensor, variance: Tensor, factor: Tensor | number): void {
    const { runningMean, runningVar } = this
    if (!runningMean || !runningVar) return
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

/** [C] or [N, C] → [C, 1, …] or [N, C, 1, …], to stand beside x = [N, C, …] */
export const beside = (values: Tensor, x: Tensor): Tensor => values.reshape([...values.shape, ...x.shape.slice(2).map(() => 1)])
