import { ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { uniform } from './init.ts'
import type { LinearOptions } from './linear.ts'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'

/**
 * y[o] = x₁ᵀ W[o] x₂ + b[o]. Weight and bias begin as U(−1/√in1, 1/√in1). PyTorch: `torch.nn.Bilinear`.
 *
 * @throws ShapeError if the last dimensions of the inputs are not `in1Features` and `in2Features`, or the others differ.
 */
export class Bilinear extends Module {
  readonly in1Features: number
  readonly in2Features: number
  readonly outFeatures: number
  readonly weight: Parameter // [out, in1, in2]
  readonly bias: Parameter | null // [out]

  constructor(in1Features: number, in2Features: number, outFeatures: number, options: LinearOptions = {}) {
    super()
    const { bias = true, dtype = 'float32' } = options
    this.in1Features = in1Features
    this.in2Features = in2Features
    this.outFeatures = outFeatures
    this.weight = new Parameter(zeros([outFeatures, in1Features, in2Features], { dtype }))
    this.bias = bias ? new Parameter(zeros([outFeatures], { dtype })) : null
    const bound = 1 / Math.sqrt(in1Features)
    uniform(this.weight, -bound, bound)
    if (this.bias) uniform(this.bias, -bound, bound)
  }

  /** [..., in1], [..., in2] → [..., out] */
  forward(x1: Tensor, x2: Tensor): Tensor {
    const { in1Features, in2Features, outFeatures } = this
    const lead = x1.shape.slice(0, -1)
    if (x1.shape.at(-1) !== in1Features || x2.shape.join() !== [...lead, in2Features].join()) {
      throw new ShapeError(
        `${modulePath(this)} expects [..., ${in1Features}] and [..., ${in2Features}], got ${showShape(x1.shape)} and ${showShape(x2.shape)}`,
      )
    }
    const left = this.weight.permute([1, 0, 2]).reshape([in1Features, outFeatures * in2Features])
    const rows = x1.matmul(left).reshape([...lead, outFeatures, in2Features])
    const y = rows.mul(x2.unsqueeze(-2)).sum(-1) // [..., out]
    return this.bias ? y.add(this.bias) : y
  }

  override extraRepr(): string {
    return `in1Features=${this.in1Features}, in2Features=${this.in2Features}, outFeatures=${this.outFeatures}, bias=${this.bias !== null}`
  }
}
