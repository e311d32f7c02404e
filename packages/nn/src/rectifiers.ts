/** Functions with a bend at 0, as layers. The formulas stand with the functions of the same names in @tenon/tensor. */
import {
  celu,
  type DType,
  elu,
  full,
  hardtanh,
  leakyRelu,
  prelu,
  relu,
  relu6,
  ShapeError,
  selu,
  showShape,
  type Tensor,
  threshold,
} from '@tenon/tensor'
import { Module } from './module.ts'
import { modulePath } from './module-path.ts'
import { Parameter } from './parameter.ts'

/** max(x, 0). PyTorch: `torch.nn.ReLU`. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x)
  }
}

/** min(max(x, 0), 6). PyTorch: `torch.nn.ReLU6`. */
export class ReLU6 extends Module {
  forward(x: Tensor): Tensor {
    return relu6(x)
  }
}

/** x above 0, negativeSlope · x below. PyTorch: `torch.nn.LeakyReLU`. */
export class LeakyReLU extends Module {
  readonly negativeSlope: number

  constructor(negativeSlope = 0.01) {
    super()
    this.negativeSlope = negativeSlope
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope)
  }

  override extraRepr(): string {
    return `negativeSlope=${this.negativeSlope}`
  }
}

/** Options of `PReLU`. */
export interface PReLUOptions {
  /** Where the slopes begin. Default 0.25. */
  readonly init?: number
  /** Of the slopes. Default float32. */
  readonly dtype?: DType
}

/**
 * x above 0, weight · x below: a leaky ReLU whose slope is learned, one for all or one for each channel (dimension 1). PyTorch:
 * `torch.nn.PReLU`; He et al. 2015.
 *
 * @throws ShapeError if there are several slopes and the input is not [N, numParameters, ...].
 */
export class PReLU extends Module {
  readonly numParameters: number
  readonly weight: Parameter // [numParameters]

  constructor(numParameters = 1, { init = 0.25, dtype = 'float32' }: PReLUOptions = {}) {
    super()
    this.numParameters = numParameters
    this.weight = new Parameter(full([numParameters], init, { dtype }))
  }

  forward(x: Tensor): Tensor {
    if (this.numParameters !== 1 && x.shape[1] !== this.numParameters) {
      throw new ShapeError(`${modulePath(this)} expects [N, ${this.numParameters}, ...], got ${showShape(x.shape)}`)
    }
    return prelu(x, this.weight)
  }

  override extraRepr(): string {
    return `numParameters=${this.numParameters}`
  }
}

/** x above 0, alpha · (eˣ − 1) below. PyTorch: `torch.nn.ELU`. */
export class ELU extends Module {
  readonly alpha: number

  constructor(alpha = 1) {
    super()
    this.alpha = alpha
  }

  forward(x: Tensor): Tensor {
    return elu(x, this.alpha)
  }

  override extraRepr(): string {
    return `alpha=${this.alpha}`
  }
}

/** An ELU with the alpha and the scale that keep mean 0 and variance 1. PyTorch: `torch.nn.SELU`; Klambauer et al. 2017. */
export class SELU extends Module {
  forward(x: Tensor): Tensor {
    return selu(x)
  }
}

/** x above 0, alpha · (e^(x / alpha) − 1) below: smooth at 0 for every alpha. PyTorch: `torch.nn.CELU`. */
export class CELU extends Module {
  readonly alpha: number

  constructor(alpha = 1) {
    super()
    this.alpha = alpha
  }

  forward(x: Tensor): Tensor {
    return celu(x, this.alpha)
  }

  override extraRepr(): string {
    return `alpha=${this.alpha}`
  }
}

/**
 * min(max(x, minVal), maxVal). PyTorch: `torch.nn.Hardtanh`.
 *
 * @throws RangeError unless minVal < maxVal.
 */
export class Hardtanh extends Module {
  readonly minVal: number
  readonly maxVal: number

  constructor(minVal = -1, maxVal = 1) {
    super()
    if (!(minVal < maxVal)) throw new RangeError(`Hardtanh takes minVal < maxVal, got ${minVal} and ${maxVal}`)
    this.minVal = minVal
    this.maxVal = maxVal
  }

  forward(x: Tensor): Tensor {
    return hardtanh(x, this.minVal, this.maxVal)
  }

  override extraRepr(): string {
    return `minVal=${this.minVal}, maxVal=${this.maxVal}`
  }
}

/** x above `limit`, `value` elsewhere. PyTorch: `torch.nn.Threshold`. */
export class Threshold extends Module {
  readonly limit: number
  readonly value: number

  constructor(limit: number, value: number) {
    super()
    this.limit = limit
    this.value = value
  }

  forward(x: Tensor): Tensor {
    return threshold(x, this.limit, this.value)
  }

  override extraRepr(): string {
    return `limit=${this.limit}, value=${this.value}`
  }
}
