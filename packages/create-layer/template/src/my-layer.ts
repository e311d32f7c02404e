import { init, Module, modulePath, Parameter } from '@tenon/nn'
import { type DType, ShapeError, showShape, sigmoid, type Tensor, zeros } from '@tenon/tensor'

export interface MyLayerOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/**
 * y = x ⊙ σ(x Wᵀ + b): all features together decide how much of each goes through. The weight begins as U(−√(3/n), √(3/n)) for n
 * features, the bias as 0.
 *
 * @throws ShapeError if the last dimension of the input is not `features`.
 */
export class MyLayer extends Module {
  readonly features: number
  readonly weight: Parameter // [features, features]
  readonly bias: Parameter | null // [features]

  constructor(features: number, options: MyLayerOptions = {}) {
    super()
    const { bias = true, dtype = 'float32' } = options
    this.features = features
    this.weight = new Parameter(zeros([features, features], { dtype }))
    this.bias = bias ? new Parameter(zeros([features], { dtype })) : null
    init.xavierUniform(this.weight)
  }

  /** [..., features] → [..., features] */
  forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.features) {
      throw new ShapeError(`${modulePath(this)} expects [..., ${this.features}], got ${showShape(x.shape)}`)
    }
    const z = x.matmul(this.weight.transpose(0, 1)) // [..., features]
    return x.mul(sigmoid(this.bias ? z.add(this.bias) : z))
  }

  override extraRepr(): string {
    return `features=${this.features}, bias=${this.bias !== null}`
  }
}
