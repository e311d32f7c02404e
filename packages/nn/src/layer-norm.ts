import { type DType, ones, rsqrt, type Shape, ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'

/** Options of `LayerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number
  /** Learn a scale and a shift per element. Default true. */
  readonly elementwiseAffine?: boolean
  /** Learn a shift beside the scale. Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Options of `RMSNorm`. */
export interface RMSNormOptions {
  /** Added to the mean square. Default null: the distance from 1 to the next number of the input's dtype (1.2e-7 in float32). */
  readonly eps?: number | null
  /** Learn a scale per element. Default true. */
  readonly elementwiseAffine?: boolean
  /** Of the parameter. Default float32. */
  readonly dtype?: DType
}

/**
 * y = (x − mean) / √(variance + eps) · weight + bias, with mean and (biased) variance over the last dimensions, those of `normalizedShape`,
 * while training and in `eval()` alike. PyTorch: `torch.nn.LayerNorm`; Ba et al. 2016.
 *
 * @throws ShapeError if the last dimensions of the input are not `normalizedShape`.
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape
  readonly eps: number
  readonly weight: Parameter | null // [...normalizedShape]
  readonly bias: Parameter | null // [...normalizedShape]

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super()
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype = 'float32' } = options
    this.normalizedShape = shapeOf('LayerNorm', normalizedShape)
    this.eps = eps
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype })) : null
    this.bias = elementwiseAffine && bias ? new Parameter(zeros(this.normalizedShape, { dtype })) : null
  }

  /** [..., ...normalizedShape] → same */
  forward(x: Tensor): Tensor {
    const dims = lastDims(this, this.normalizedShape, x)
    const centred = x.sub(x.mean(dims, { keepdim: true }))
    const variance = centred.mul(centred).mean(dims, { keepdim: true })
    const y = scaled(centred.mul(rsqrt(variance.add(this.eps))), this.weight)
    return this.bias ? y.add(this.bias) : y
  }

  override extraRepr(): string {
    return `${showShape(this.normalizedShape)}, eps=${this.eps}, elementwiseAffine=${this.weight !== null}`
  }
}

/**
 * y = x / √(mean of x² + eps) · weight, the mean over the last dimensions, those of `normalizedShape`. PyTorch: `torch.nn.RMSNorm`; Zhang &
 * Sennrich 2019.
 *
 * @throws ShapeError if the last dimensions of the input are not `normalizedShape`.
 */
export class RMSNorm extends Module {
  readonly normalizedShape: Shape
  readonly eps: number | null
  readonly weight: Parameter | null // [...normalizedShape]

  constructor(normalizedShape: number | Shape, { eps = null, elementwiseAffine = true, dtype = 'float32' }: RMSNormOptions = {}) {
    super()
    this.normalizedShape = shapeOf('RMSNorm', normalizedShape)
    this.eps = eps
    this.weight = elementwiseAffine ? new Parameter(ones(this.normalizedShape, { dtype })) : null
  }

  /** [..., ...normalizedShape] → same */
  forward(x: Tensor): Tensor {
    const dims = lastDims(this, this.normalizedShape, x)
    const eps = this.eps ?? (x.dtype === 'float64' ? Number.EPSILON : 2 ** -23)
    return scaled(x.mul(rsqrt(x.mul(x).mean(dims, { keepdim: true }).add(eps))), this.weight)
  }

  override extraRepr(): string {
    return `${showShape(this.normalizedShape)}, eps=${this.eps}, elementwiseAffine=${this.weight !== null}`
  }
}

const scaled = (x: Tensor, weight: Parameter | null): Tensor => (weight ? x.mul(weight) : x)

function shapeOf(who: string, shape: number | Shape): Shape {
  const sizes = typeof shape === 'number' ? [shape] : [...shape]
  if (sizes.length === 0 || sizes.some((size) => !Number.isInteger(size) || size < 1)) {
    throw new ShapeError(`${who}: normalizedShape is a whole number ≥ 1 or several of them, got ${JSON.stringify(shape)}`)
  }
  return sizes
}

function lastDims(module: Module, shape: Shape, x: Tensor): number[] {
  if (x.ndim < shape.length || shape.some((size, d) => size !== x.shape.at(d - shape.length))) {
    throw new ShapeError(`${modulePath(module)} expects [..., ${shape.join(', ')}], got ${showShape(x.shape)}`)
  }
  return shape.map((_, d) => d - shape.length)
}
