import { type DType, ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { fanInUniform } from './fan-in-uniform.ts'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'

/** Options of `Linear`. */
export interface LinearOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/**
 * y = x Wᵀ + b. Weight and bias begin as U(−1/√in, 1/√in). PyTorch: `torch.nn.Linear`.
 *
 * @throws ShapeError if the last dimension of the input is not `inFeatures`.
 */
export class Linear extends Module {
  readonly weight: Parameter // [out, in]
  readonly bias: Parameter | null // [out]
  readonly inFeatures: number
  readonly outFeatures: number

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    const { bias = true, dtype = 'float32' } = options
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.weight = new Parameter(zeros([outFeatures, inFeatures], { dtype }))
    this.bias = bias ? new Parameter(zeros([outFeatures], { dtype })) : null
    fanInUniform(this.weight, this.bias)
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inFeatures) {
      throw new ShapeError(`${modulePath(this)}.weight expects ${this.inFeatures} input features, got ${showShape(x.shape)}`)
    }
    const y = x.matmul(this.weight.transpose(0, 1)) // [..., in] · [in, out] → [..., out]
    return this.bias ? y.add(this.bias) : y
  }

  override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`
  }
}
