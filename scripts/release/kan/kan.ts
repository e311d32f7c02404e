import { init, Module, modulePath, Parameter } from '@tenon/nn'
import { arange, type DType, relu, ShapeError, showShape, silu, type Tensor, zeros } from '@tenon/tensor'

export interface KanOptions {
  /** Of the splines on each edge. Default 8. */
  readonly knots?: number
  /** Where the first and the last spline have their middle. Default [-2, 2]. */
  readonly range?: readonly [number, number]
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/**
 * y[o] = Σᵢ w[o, i] silu(xᵢ) + Σₖ c[o, i, k] B((xᵢ − tₖ) / h): a function of its own on each edge, learnt as a sum of cubic B-splines around
 * knots tₖ at distances h. Kolmogorov–Arnold networks: Liu et al. 2024. The weight begins as that of Linear, the coefficients as N(0, 0.1).
 *
 * @throws ShapeError if the last dimension of the input is not `inFeatures`.
 */
export class Kan extends Module {
  readonly inFeatures: number
  readonly outFeatures: number
  readonly knots: number
  readonly range: readonly [number, number]
  readonly weight: Parameter // [out, in]
  readonly coefficients: Parameter // [out, in · knots]

  constructor(inFeatures: number, outFeatures: number, options: KanOptions = {}) {
    super()
    const { knots = 8, range = [-2, 2], dtype = 'float32' } = options
    this.inFeatures = inFeatures
    this.outFeatures = outFeatures
    this.knots = knots
    this.range = range
    this.weight = new Parameter(zeros([outFeatures, inFeatures], { dtype }))
    this.coefficients = new Parameter(zeros([outFeatures, inFeatures * knots], { dtype }))
    init.kaimingUniform(this.weight, { a: Math.sqrt(5) })
    init.normal(this.coefficients, 0, 0.1)
  }

  /** [..., in] → [..., out] */
  forward(x: Tensor): Tensor {
    if (x.shape.at(-1) !== this.inFeatures) {
      throw new ShapeError(`${modulePath(this)} expects [..., ${this.inFeatures}], got ${showShape(x.shape)}`)
    }
    const splines = this.#splines(x).reshape([...x.shape.slice(0, -1), this.inFeatures * this.knots])
    return silu(x)
      .matmul(this.weight.transpose(0, 1))
      .add(splines.matmul(this.coefficients.transpose(0, 1)))
  }

  /** The cubic B-spline (max(0, 2 − d)³ − 4 max(0, 1 − d)³) / 6 of the distance d to each knot.   [..., in] → [..., in, knots] */
  #splines(x: Tensor): Tensor {
    const [first, last] = this.range
    const step = (last - first) / (this.knots - 1)
    const knots = arange(this.knots).cast(x.dtype).mul(step).add(first)
    const d = x.unsqueeze(-1).sub(knots).div(step).abs()
    const cube = (y: Tensor): Tensor => y.mul(y).mul(y)
    return cube(relu(d.neg().add(2)))
      .sub(cube(relu(d.neg().add(1))).mul(4))
      .div(6)
  }

  override extraRepr(): string {
    return `inFeatures=${this.inFeatures}, outFeatures=${this.outFeatures}, knots=${this.knots}, range=[${this.range.join(', ')}]`
  }
}
