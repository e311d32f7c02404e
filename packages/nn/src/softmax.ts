import { logSoftmax, softmax, softmin, type Tensor } from '@tenon/tensor'
import { Module } from './module.ts'

abstract class AlongDim extends Module {
  readonly dim: number

  constructor(dim: number) {
    super()
    this.dim = dim
  }

  override extraRepr(): string {
    return `dim=${this.dim}`
  }
}

/** eˣ / Σ eˣ, the sum along `dim`. PyTorch: `torch.nn.Softmax`. */
export class Softmax extends AlongDim {
  forward(x: Tensor): Tensor {
    return softmax(x, this.dim)
  }
}

/** log softmax(x) along `dim`. PyTorch: `torch.nn.LogSoftmax`. */
export class LogSoftmax extends AlongDim {
  forward(x: Tensor): Tensor {
    return logSoftmax(x, this.dim)
  }
}

/** softmax(−x) along `dim`: the smallest gets the most. PyTorch: `torch.nn.Softmin`. */
export class Softmin extends AlongDim {
  forward(x: Tensor): Tensor {
    return softmin(x, this.dim)
  }
}
