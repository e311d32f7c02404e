import { type DType, ones, rsqrt, ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'
import { beside } from './running-norm.ts'

/** Options of `GroupNorm`. */
export interface GroupNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number
  /** Learn a scale and a shift per channel. Default true. */
  readonly affine?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/**
 * y = (x − mean) / √(variance + eps) · weight + bias, with mean and (biased) variance over each group of `numChannels / numGroups`
 * channels of each sample, while training and in `eval()` alike. PyTorch: `torch.nn.GroupNorm`; Wu & He 2018.
 *
 * @throws ShapeError if the groups do not divide the channels, or the input is not [N, numChannels, ...].
 */
export class GroupNorm extends Module {
  readonly numGroups: number
  readonly numChannels: number
  readonly eps: number
  readonly weight: Parameter | null // [C]
  readonly bias: Parameter | null // [C]

  constructor(numGroups: number, numChannels: number, { eps = 1e-5, affine = true, dtype = 'float32' }: GroupNormOptions = {}) {
    super()
    if (!(Number.isInteger(numGroups) && numGroups > 0 && numChannels % numGroups === 0)) {
      throw new ShapeError(`GroupNorm: numGroups must divide the ${numChannels} channels, got ${numGroups}`)
    }
    this.numGroups = numGroups
    this.numChannels = numChannels
    this.eps = eps
    this.weight = affine ? new Parameter(ones([numChannels], { dtype })) : null
    this.bias = affine ? new Parameter(zeros([numChannels], { dtype })) : null
  }

  /** [N, C, ...] → same */
  forward(x: Tensor): Tensor {
    const [n, c] = x.shape
    if (n === undefined || c !== this.numChannels) {
      throw new ShapeError(`${modulePath(this)} expects [N, ${this.numChannels}, ...], got ${showShape(x.shape)}`)
    }
    const grouped = x.reshape([n, this.numGroups, x.shape.slice(2).reduce((size, d) => size * d, c / this.numGroups)]) // [N, G, C / G · …]
    const centred = grouped.sub(grouped.mean(2, { keepdim: true }))
    const variance = centred.mul(centred).mean(2, { keepdim: true })
    const y = centred.mul(rsqrt(variance.add(this.eps))).reshape(x.shape)
    const scaled = this.weight ? y.mul(beside(this.weight, x)) : y
    return this.bias ? scaled.add(beside(this.bias, x)) : scaled
  }

  override extraRepr(): string {
    return `${this.numGroups}, ${this.numChannels}, eps=${this.eps}, affine=${this.weight !== null}`
  }
}
