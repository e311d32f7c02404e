import { Dropout, LayerNorm, Linear, Module } from '@tenon/nn'
import type { Tensor } from '@tenon/tensor'
import { MultiheadAttention } from './multihead-attention.ts'
import { activationOf, type TransformerLayerOptions } from './transformer-layer.ts'

/** As in MultiheadAttention: true in a bool mask means that a position takes no part. */
export interface EncoderLayerMasks {
  /** [T, T], or [N · heads, T, T]. */
  readonly srcMask?: Tensor
  /** [N, T] */
  readonly srcKeyPaddingMask?: Tensor
  /** Position t sees positions 0 … t alone. Default false. */
  readonly isCausal?: boolean
}

/**
 * Self-attention, then two linear layers with an activation between, each with a residual connection and a LayerNorm: y = norm1(x + attention(x)),
 * norm2(y + feedforward(y)); or with `normFirst` y = x + attention(norm1(x)), y + feedforward(norm2(y)).
 * [T, N, E], or [N, T, E] with `batchFirst`, or [T, E] → same. PyTorch: `torch.nn.TransformerEncoderLayer`; Vaswani et al. 2017.
 */
export class TransformerEncoderLayer extends Module {
  readonly selfAttn: MultiheadAttention
  readonly linear1: Linear // dModel → dimFeedforward
  readonly dropout: Dropout
  readonly linear2: Linear // dimFeedforward → dModel
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly normFirst: boolean
  readonly #activation: (x: Tensor) => Tensor

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super()
    const { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', layerNormEps = 1e-5 } = options
    const { batchFirst = false, normFirst = false, bias = true, dtype = 'float32' } = options
    this.selfAttn = new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype })
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype })
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype })
    this.norm1 = new LayerNorm(dModel, { eps: layerNormEps, bias, dtype })
    this.norm2 = new LayerNorm(dModel, { eps: layerNormEps, bias, dtype })
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.normFirst = normFirst
    this.#activation = activationOf(activation)
  }

  forward(src: Tensor, { srcMask, srcKeyPaddingMask, isCausal }: EncoderLayerMasks = {}): Tensor {
    const masks = { attnMask: srcMask, keyPaddingMask: srcKeyPaddingMask, isCausal, needWeights: false }
    const attention = (x: Tensor): Tensor => this.dropout1.forward(this.selfAttn.forward(x, x, x, masks).output)
    const feedforward = (x: Tensor): Tensor =>
      this.dropout2.forward(this.linear2.forward(this.dropout.forward(this.#activation(this.linear1.forward(x)))))

    if (this.normFirst) {
      const x = src.add(attention(this.norm1.forward(src)))
      return x.add(feedforward(this.norm2.forward(x)))
    }
    const x = this.norm1.forward(src.add(attention(src)))
    return this.norm2.forward(x.add(feedforward(x)))
  }

  override extraRepr(): string {
    return `normFirst=${this.normFirst}`
  }
}
