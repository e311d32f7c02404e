import { type LayerNorm, Module } from '@tenon/nn'
import type { Tensor } from '@tenon/tensor'
import type { DecoderMasks, TransformerDecoderLayer } from './transformer-decoder-layer.ts'
import type { StackOptions } from './transformer-encoder.ts'
import { layersOf } from './transformer-layer.ts'

/** `numLayers` layers one after the other, each made anew as in TransformerEncoder. PyTorch: `torch.nn.TransformerDecoder`. */
export class TransformerDecoder extends Module {
  readonly layers: readonly TransformerDecoderLayer[]
  readonly norm: LayerNorm | null

  constructor(makeLayer: () => TransformerDecoderLayer, numLayers: number, { norm }: StackOptions = {}) {
    super()
    this.layers = layersOf('TransformerDecoder', makeLayer, numLayers)
    this.norm = norm ?? null
  }

  /** tgt [T, N, E], memory [S, N, E] → [T, N, E]; N first if its layers are `batchFirst` */
  forward(tgt: Tensor, memory: Tensor, masks: DecoderMasks = {}): Tensor {
    let x = tgt
    for (const layer of this.layers) x = layer.forward(x, memory, masks)
    return this.norm ? this.norm.forward(x) : x
  }
}
