import { Dropout, LayerNorm, Linear, Module } from '@tenon/nn'
import type { Tensor } from '@tenon/tensor'
import { MultiheadAttention } from './multihead-attention.ts'
import { activationOf, type TransformerLayerOptions } from './transformer-layer.ts'

/** As in MultiheadAttention: true in a bool mask means that a position takes no part. */
export interface DecoderMasks {
  /** [T, T], or [N · heads, T, T]. */
  readonly tgtMask?: Tensor
  /** [T, S], or [N · heads, T, S]. */
  readonly memoryMask?: Tensor
  /** [N, T] */
  readonly tgtKeyPaddingMask?: Tensor
  /** [N, S] */
  readonly memoryKeyPaddingMask?: Tensor
  /** Target t sees targets 0 … t alone: what `generate_square_subsequent_mask` is for. Default false. */
  readonly tgtIsCausal?: boolean
  /** Target t sees positions 0 … t of the memory alone. Default false. */
  readonly memoryIsCausal?: boolean
}

/**
 * Self-attention, attention to the output of an encoder, then two linear layers with an activation between, each with a residual connection
 * and a LayerNorm; `normFirst` as in TransformerEncoderLayer.
 * tgt [T, N, E], memory [S, N, E] → [T, N, E]; [N, T, E] and [N, S, E] with `batchFirst`; or all without N.
 * PyTorch: `torch.nn.TransformerDecoderLayer`; Vaswani et al. 2017.
 */
export class TransformerDecoderLayer extends Module {
  readonly selfAttn: MultiheadAttention
  readonly multiheadAttn: MultiheadAttention
  readonly linear1: Linear // dModel → dimFeedforward
  readonly dropout: Dropout
  readonly linear2: Linear // dimFeedforward → dModel
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly norm3: LayerNorm
  readonly dropout1: Dropout
  readonly dropout2: Dropout
  readonly dropout3: Dropout
  readonly normFirst: boolean
  readonly #activation: (x: Tensor) => Tensor

  constructor(dModel: number, nhead: number, options: TransformerLayerOptions = {}) {
    super()
    const { dimFeedforward = 2048, dropout = 0.1, activation = 'relu', layerNormEps = 1e-5 } = options
    const { batchFirst = false, normFirst = false, bias = true, dtype = 'float32' } = options
    const attention = (): MultiheadAttention => new MultiheadAttention(dModel, nhead, { dropout, bias, batchFirst, dtype })
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps: layerNormEps, bias, dtype })
    this.selfAttn = attention()
    this.multiheadAttn = attention()
    this.linear1 = new Linear(dModel, dimFeedforward, { bias, dtype })
    this.dropout = new Dropout(dropout)
    this.linear2 = new Linear(dimFeedforward, dModel, { bias, dtype })
    this.norm1 = norm()
    this.norm2 = norm()
    this.norm3 = norm()
    this.dropout1 = new Dropout(dropout)
    this.dropout2 = new Dropout(dropout)
    this.dropout3 = new Dropout(dropout)
    this.normFirst = normFirst
    this.#activation = activationOf(activation)
  }

  forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    const { tgtMask, memoryMask, tgtKeyPaddingMask, memoryKeyPaddingMask, tgtIsCausal, memoryIsCausal } = masks
    const selfMasks = { attnMask: tgtMask, keyPaddingMask: tgtKeyPaddingMask, isCausal: tgtIsCausal, needWeights: false }
    const selfAttention = (x: Tensor): Tensor => this.dropout1.forward(this.selfAttn.forward(x, x, x, selfMasks).output)
    const crossMasks = { attnMask: memoryMask, keyPaddingMask: memoryKeyPaddingMask, isCausal: memoryIsCausal, needWeights: false }
    const crossAttention = (x: Tensor): Tensor => this.dropout2.forward(this.multiheadAttn.forward(x, memory, memory, crossMasks).output)
    const feedforward = (x: Tensor): Tensor =>
      this.dropout3.forward(this.linear2.forward(this.dropout.forward(this.#activation(this.linear1.forward(x)))))

    if (this.normFirst) {
      let x = tgt.add(selfAttention(this.norm1.forward(tgt)))
      x = x.add(crossAttention(this.norm2.forward(x)))
      return x.add(feedforward(this.norm3.forward(x)))
    }
    let x = this.norm1.forward(tgt.add(selfAttention(tgt)))
    x = this.norm2.forward(x.add(crossAttention(x)))
    return this.norm3.forward(x.add(feedforward(x)))
  }

  override extraRepr(): string {
    return `normFirst=${this.normFirst}`
  }
}
