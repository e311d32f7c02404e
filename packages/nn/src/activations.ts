/** Elementwise functions as layers. The formulas stand with the functions of the same names in @tenon/tensor. */
import { elu, type GeluOptions, gelu, leakyRelu, relu, sigmoid, silu, softplus, type Tensor, tanh } from '@tenon/tensor'
import { Module } from './module.ts'

/** max(x, 0). PyTorch: `torch.nn.ReLU`. */
export class ReLU extends Module {
  forward(x: Tensor): Tensor {
    return relu(x)
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

/** x · Φ(x), or its approximation by tanh with `{ approximate: 'tanh' }`. PyTorch: `torch.nn.GELU`. */
export class GELU extends Module {
  readonly approximate: 'none' | 'tanh'

  constructor({ approximate = 'none' }: GeluOptions = {}) {
    super()
    this.approximate = approximate
  }

  forward(x: Tensor): Tensor {
    return gelu(x, { approximate: this.approximate })
  }

  override extraRepr(): string {
    return `approximate=${this.approximate}`
  }
}

/** x · sigmoid(x). PyTorch: `torch.nn.SiLU`. */
export class SiLU extends Module {
  forward(x: Tensor): Tensor {
    return silu(x)
  }
}

/** 1 / (1 + e⁻ˣ). PyTorch: `torch.nn.Sigmoid`. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x)
  }
}

/** tanh(x). PyTorch: `torch.nn.Tanh`. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x)
  }
}

/** log(1 + e^(beta · x)) / beta. PyTorch: `torch.nn.Softplus`, without its threshold: ours does not overflow. */
export class Softplus extends Module {
  readonly beta: number

  constructor(beta = 1) {
    super()
    this.beta = beta
  }

  forward(x: Tensor): Tensor {
    return this.beta === 1 ? softplus(x) : softplus(x.mul(this.beta)).div(this.beta)
  }

  override extraRepr(): string {
    return `beta=${this.beta}`
  }
}
