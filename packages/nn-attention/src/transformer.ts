import { init, LayerNorm, Module, modulePath } from '@tenon/nn'
import { ShapeError, showShape, type Tensor } from '@tenon/tensor'
import { TransformerDecoder } from './transformer-decoder.ts'
import { type DecoderMasks, TransformerDecoderLayer } from './transformer-decoder-layer.ts'
import { TransformerEncoder } from './transformer-encoder.ts'
import { TransformerEncoderLayer } from './transformer-encoder-layer.ts'
import type { TransformerLayerOptions } from './transformer-layer.ts'

/** Options of `Transformer`. */
export interface TransformerOptions extends TransformerLayerOptions {
  /** Default 6. */
  readonly numEncoderLayers?: number
  /** Default 6. */
  readonly numDecoderLayers?: number
}

export interface TransformerMasks extends DecoderMasks {
  /** [S, S], or [N · heads, S, S]. */
  readonly srcMask?: Tensor
  /** [N, S] */
  readonly srcKeyPaddingMask?: Tensor
  /** Source position s sees positions 0 … s alone. Default false. */
  readonly srcIsCausal?: boolean
}

/**
 * An encoder of the source and a decoder of the target that attends to what the encoder says, each with a LayerNorm at its end; embeddings,
 * positions and a head are up to the model around it. Matrices begin by `xavierUniform`.
 *
 * src [S, N, E], tgt [T, N, E] → [T, N, E]; [N, S, E] and [N, T, E] with `batchFirst`; or all without N. In bool masks true means: takes no part.
 * PyTorch: `torch.nn.Transformer`; Vaswani et al. 2017, "Attention Is All You Need".
 *
 * @throws ShapeError unless both have `dModel` features and as many sequences.
 */
export class Transformer extends Module {
  readonly encoder: TransformerEncoder
  readonly decoder: TransformerDecoder
  readonly dModel: number
  readonly nhead: number
  readonly batchFirst: boolean

  constructor(dModel = 512, nhead = 8, options: TransformerOptions = {}) {
    super()
    const { numEncoderLayers = 6, numDecoderLayers = 6, ...layer } = options
    const { layerNormEps: eps = 1e-5, bias = true, dtype = 'float32', batchFirst = false } = layer
    const norm = (): LayerNorm => new LayerNorm(dModel, { eps, bias, dtype })
    this.encoder = new TransformerEncoder(() => new TransformerEncoderLayer(dModel, nhead, layer), numEncoderLayers, { norm: norm() })
    this.decoder = new TransformerDecoder(() => new TransformerDecoderLayer(dModel, nhead, layer), numDecoderLayers, { norm: norm() })
    this.dModel = dModel
    this.nhead = nhead
    this.batchFirst = batchFirst
    for (const parameter of this.parameters()) if (parameter.ndim > 1) init.xavierUniform(parameter)
  }

  forward(src: Tensor, tgt: Tensor, masks: TransformerMasks = {}): Tensor {
    const { srcMask, srcKeyPaddingMask, srcIsCausal, ...decoderMasks } = masks
    const batchDim = this.batchFirst ? 0 : 1
    const batched = src.ndim === 3
    if (
      (src.ndim !== 2 && !batched) ||
      tgt.ndim !== src.ndim ||
      [src, tgt].some((x) => x.shape.at(-1) !== this.dModel) ||
      (batched && src.shape[batchDim] !== tgt.shape[batchDim])
    ) {
      const expected = this.batchFirst ? ['[N, S, ', '[N, T, '] : ['[S, N, ', '[T, N, ']
      const wanted = `src ${expected[0]}${this.dModel}] and tgt ${expected[1]}${this.dModel}], or both without N`
      throw new ShapeError(`${modulePath(this)} expects ${wanted}, got ${showShape(src.shape)} and ${showShape(tgt.shape)}`)
    }
    const memory = this.encoder.forward(src, { mask: srcMask, srcKeyPaddingMask, isCausal: srcIsCausal })
    return this.decoder.forward(tgt, memory, decoderMasks)
  }

  override extraRepr(): string {
    return `dModel=${this.dModel}, nhead=${this.nhead}, batchFirst=${this.batchFirst}`
  }
}
