/** Elementwise functions as layers. The formulas stand with the functions of the same names in @tenon/tensor. */
import {
  type GeluOptions,
  gelu,
  glu,
  hardshrink,
  hardsigmoid,
  hardswish,
  logSigmoid,
  mish,
  sigmoid,
  silu,
  softplus,
  softshrink,
  softsign,
  type Tensor,
  tanh,
  tanhshrink,
  where,
} from '@tenon/tensor'
import { Module } from './module.ts'

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

/** x · tanh(softplus(x)). PyTorch: `torch.nn.Mish`; Misra 2019. */
export class Mish extends Module {
  forward(x: Tensor): Tensor {
    return mish(x)
  }
}

/** 1 / (1 + e⁻ˣ). PyTorch: `torch.nn.Sigmoid`. */
export class Sigmoid extends Module {
  forward(x: Tensor): Tensor {
    return sigmoid(x)
  }
}

/** log sigmoid(x). PyTorch: `torch.nn.LogSigmoid`. */
export class LogSigmoid extends Module {
  forward(x: Tensor): Tensor {
    return logSigmoid(x)
  }
}

/** min(max(x + 3, 0), 6) / 6. PyTorch: `torch.nn.Hardsigmoid`. */
export class Hardsigmoid extends Module {
  forward(x: Tensor): Tensor {
    return hardsigmoid(x)
  }
}

/** x · hardsigmoid(x). PyTorch: `torch.nn.Hardswish`; Howard et al. 2019. */
export class Hardswish extends Module {
  forward(x: Tensor): Tensor {
    return hardswish(x)
  }
}

/** tanh(x). PyTorch: `torch.nn.Tanh`. */
export class Tanh extends Module {
  forward(x: Tensor): Tensor {
    return tanh(x)
  }
}

/** x − tanh(x). PyTorch: `torch.nn.Tanhshrink`. */
export class Tanhshrink extends Module {
  forward(x: Tensor): Tensor {
    return tanhshrink(x)
  }
}

/** x / (1 + |x|). PyTorch: `torch.nn.Softsign`. */
export class Softsign extends Module {
  forward(x: Tensor): Tensor {
    return softsign(x)
  }
}

/** x nearer to 0 by lambda, and 0 within ±lambda. PyTorch: `torch.nn.Softshrink`. */
export class Softshrink extends Module {
  readonly lambda: number

  constructor(lambda = 0.5) {
    super()
    this.lambda = lambda
  }

  forward(x: Tensor): Tensor {
    return softshrink(x, this.lambda)
  }

  override extraRepr(): string {
    return `lambda=${this.lambda}`
  }
}

/** x, but 0 within ±lambda. PyTorch: `torch.nn.Hardshrink`. */
export class Hardshrink extends Module {
  readonly lambda: number

  constructor(lambda = 0.5) {
    super()
    this.lambda = lambda
  }

  forward(x: Tensor): Tensor {
    return hardshrink(x, this.lambda)
  }

  override extraRepr(): string {
    return `lambda=${this.lambda}`
  }
}

/**
 * log(1 + e^(beta · x)) / beta, and x itself where beta · x is above the threshold. PyTorch: `torch.nn.Softplus`, whose threshold keeps it from
 * overflowing; ours does not overflow, and has it for the same numbers.
 */
export class Softplus extends Module {
  readonly beta: number
  readonly threshold: number

  constructor(beta = 1, threshold = 20) {
    super()
    this.beta = beta
    this.threshold = threshold
  }

  forward(x: Tensor): Tensor {
    const scaled = x.mul(this.beta)
    return where(scaled.gt(this.threshold), x, softplus(scaled).div(this.beta))
  }

  override extraRepr(): string {
    return `beta=${this.beta}, threshold=${this.threshold}`
  }
}

/** a · sigmoid(b) of the halves a and b of x along `dim`. PyTorch: `torch.nn.GLU`; Dauphin et al. 2017. */
export class GLU extends Module {
  readonly dim: number

  constructor(dim = -1) {
    super()
    this.dim = dim
  }

  /** [..., 2 · d, ...] → [..., d, ...] */
  forward(x: Tensor): Tensor {
    return glu(x, this.dim)
  }

  override extraRepr(): string {
    return `dim=${this.dim}`
  }
}
