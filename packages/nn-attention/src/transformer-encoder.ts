import { type LayerNorm, Module } from '@tenon/nn'
import type { Tensor } from '@tenon/tensor'
import type { TransformerEncoderLayer } from './transformer-encoder-layer.ts'
import { layersOf } from './transformer-layer.ts'

/** As in MultiheadAttention: true in a bool mask means that a position takes no part. */
export interface EncoderMasks {
  /** [T, T], or [N · heads, T, T]. */
  readonly mask?: Tensor
  /** [N, T] */
  readonly srcKeyPaddingMask?: Tensor
  /** Position t sees positions 0 … t alone. Default false. */
  readonly isCausal?: boolean
}

/** Options of `TransformerEncoder` and `TransformerDecoder`. */
export interface StackOptions {
  /** After the last layer. Default: none. */
  readonly norm?: LayerNorm
}

/**
 * `numLayers` layers one after the other. PyTorch: `torch.nn.TransformerEncoder`, which copies one layer, weights and all; this makes each
 * anew, so that all begin differently.
 *
 * ```ts
 * const encoder = new TransformerEncoder(() => new TransformerEncoderLayer(512, 8), 6)
 * ```
 */
export class TransformerEncoder extends Module {
  readonly layers: readonly TransformerEncoderLayer[]
  readonly norm: LayerNorm | null

  constructor(makeLayer: () => TransformerEncoderLayer, numLayers: number, { norm }: StackOptions = {}) {
    super()
    this.layers = layersOf('TransformerEncoder', makeLayer, numLayers)
    this.norm = norm ?? null
  }

  /** [T, N, E], or [N, T, E] if its layers are `batchFirst` → same */
  forward(src: Tensor, { mask, ...masks }: EncoderMasks = {}): Tensor {
    let x = src
    for (const layer of this.layers) x = layer.forward(x, { ...masks, srcMask: mask })
    return this.norm ? this.norm.forward(x) : x
  }
}
