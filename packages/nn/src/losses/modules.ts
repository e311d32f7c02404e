/** The losses as modules that hold their options, for who likes `const criterion = new CrossEntropyLoss()`. */
import { type Tensor, Variable } from '@tenon/tensor'
import { Module } from '../module.ts'
import { type BCEOptions, type BCEWithLogitsOptions, binaryCrossEntropy, binaryCrossEntropyWithLogits } from './binary.ts'
import { type CrossEntropyOptions, crossEntropy, type NLLLossOptions, nllLoss } from './cross-entropy.ts'
import {
  type GaussianNLLOptions,
  gaussianNllLoss,
  type KLDivOptions,
  klDiv,
  type PoissonNLLOptions,
  poissonNllLoss,
} from './distribution.ts'
import {
  cosineEmbeddingLoss,
  hingeEmbeddingLoss,
  type MarginOptions,
  marginRankingLoss,
  type TripletMarginOptions,
  tripletMarginLoss,
} from './margin.ts'
import type { LossOptions } from './reduction.ts'
import { type HuberOptions, huberLoss, l1Loss, mseLoss, type SmoothL1Options, smoothL1Loss } from './regression.ts'

abstract class Loss<O extends object> extends Module {
  protected readonly options: O

  constructor(options: O = {} as O) {
    super()
    this.options = options
  }

  override extraRepr(): string {
    return Object.entries(this.options)
      .map(([name, value]) => `${name}=${value}`)
      .join(', ')
  }
}

/** A weight is a buffer, saved with the module. */
const buffer = (weight: Tensor | null | undefined): Variable | null => (weight ? new Variable(weight) : null)

/** `crossEntropy`. PyTorch: `torch.nn.CrossEntropyLoss`. */
export class CrossEntropyLoss extends Loss<CrossEntropyOptions> {
  readonly weight: Variable | null // [C]

  constructor({ weight, ...options }: CrossEntropyOptions = {}) {
    super(options)
    this.weight = buffer(weight)
  }

  forward(logits: Tensor, target: Tensor): Tensor {
    return crossEntropy(logits, target, { ...this.options, weight: this.weight })
  }
}

/** `nllLoss`. PyTorch: `torch.nn.NLLLoss`. */
export class NLLLoss extends Loss<NLLLossOptions> {
  readonly weight: Variable | null // [C]

  constructor({ weight, ...options }: NLLLossOptions = {}) {
    super(options)
    this.weight = buffer(weight)
  }

  forward(logProbabilities: Tensor, target: Tensor): Tensor {
    return nllLoss(logProbabilities, target, { ...this.options, weight: this.weight })
  }
}

/** `binaryCrossEntropy`. PyTorch: `torch.nn.BCELoss`. */
export class BCELoss extends Loss<BCEOptions> {
  readonly weight: Variable | null

  constructor({ weight, ...options }: BCEOptions = {}) {
    super(options)
    this.weight = buffer(weight)
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropy(input, target, { ...this.options, weight: this.weight })
  }
}

/** `binaryCrossEntropyWithLogits`. PyTorch: `torch.nn.BCEWithLogitsLoss`. */
export class BCEWithLogitsLoss extends Loss<BCEWithLogitsOptions> {
  readonly weight: Variable | null
  readonly posWeight: Variable | null

  constructor({ weight, posWeight, ...options }: BCEWithLogitsOptions = {}) {
    super(options)
    this.weight = buffer(weight)
    this.posWeight = buffer(posWeight)
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, { ...this.options, weight: this.weight, posWeight: this.posWeight })
  }
}

/** `mseLoss`. PyTorch: `torch.nn.MSELoss`. */
export class MSELoss extends Loss<LossOptions> {
  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options)
  }
}

/** `l1Loss`. PyTorch: `torch.nn.L1Loss`. */
export class L1Loss extends Loss<LossOptions> {
  forward(input: Tensor, target: Tensor): Tensor {
    return l1Loss(input, target, this.options)
  }
}

/** `smoothL1Loss`. PyTorch: `torch.nn.SmoothL1Loss`. */
export class SmoothL1Loss extends Loss<SmoothL1Options> {
  forward(input: Tensor, target: Tensor): Tensor {
    return smoothL1Loss(input, target, this.options)
  }
}

/** `huberLoss`. PyTorch: `torch.nn.HuberLoss`. */
export class HuberLoss extends Loss<HuberOptions> {
  forward(input: Tensor, target: Tensor): Tensor {
    return huberLoss(input, target, this.options)
  }
}

/** `klDiv`. PyTorch: `torch.nn.KLDivLoss`. */
export class KLDivLoss extends Loss<KLDivOptions> {
  forward(input: Tensor, target: Tensor): Tensor {
    return klDiv(input, target, this.options)
  }
}

/** `gaussianNllLoss`. PyTorch: `torch.nn.GaussianNLLLoss`. */
export class GaussianNLLLoss extends Loss<GaussianNLLOptions> {
  forward(input: Tensor, target: Tensor, variance: Tensor): Tensor {
    return gaussianNllLoss(input, target, variance, this.options)
  }
}

/** `poissonNllLoss`. PyTorch: `torch.nn.PoissonNLLLoss`. */
export class PoissonNLLLoss extends Loss<PoissonNLLOptions> {
  forward(input: Tensor, target: Tensor): Tensor {
    return poissonNllLoss(input, target, this.options)
  }
}

/** `cosineEmbeddingLoss`. PyTorch: `torch.nn.CosineEmbeddingLoss`. */
export class CosineEmbeddingLoss extends Loss<MarginOptions> {
  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return cosineEmbeddingLoss(input1, input2, target, this.options)
  }
}

/** `tripletMarginLoss`. PyTorch: `torch.nn.TripletMarginLoss`. */
export class TripletMarginLoss extends Loss<TripletMarginOptions> {
  forward(anchor: Tensor, positive: Tensor, negative: Tensor): Tensor {
    return tripletMarginLoss(anchor, positive, negative, this.options)
  }
}

/** `marginRankingLoss`. PyTorch: `torch.nn.MarginRankingLoss`. */
export class MarginRankingLoss extends Loss<MarginOptions> {
  forward(input1: Tensor, input2: Tensor, target: Tensor): Tensor {
    return marginRankingLoss(input1, input2, target, this.options)
  }
}

/** `hingeEmbeddingLoss`. PyTorch: `torch.nn.HingeEmbeddingLoss`. */
export class HingeEmbeddingLoss extends Loss<MarginOptions> {
  forward(input: Tensor, target: Tensor): Tensor {
    return hingeEmbeddingLoss(input, target, this.options)
  }
}
