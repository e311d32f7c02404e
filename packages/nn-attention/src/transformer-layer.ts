/** What encoder and decoder layers share. */
import type { Module } from '@tenon/nn'
import type { DType, Tensor } from '@tenon/tensor'
import { gelu, relu } from '@tenon/tensor'

/** Between the two linear layers of a Transformer layer. */
export type Activation = 'relu' | 'gelu' | ((x: Tensor) => Tensor)

/** Options of `TransformerEncoderLayer` and `TransformerDecoderLayer`. */
export interface TransformerLayerOptions {
  /** Width of the layer between the two linear ones. Default 2048. */
  readonly dimFeedforward?: number
  /** After each part, between the two linear layers, and of the attention weights. Default 0.1. */
  readonly dropout?: number
  /** Between the two linear layers. Default 'relu'. */
  readonly activation?: Activation
  /** Default 1e-5. */
  readonly layerNormEps?: number
  /** [N, T, E] instead of [T, N, E]. Default false. */
  readonly batchFirst?: boolean
  /** Normalise before each part, not after it: x + part(norm(x)) instead of norm(x + part(x)). Default false. */
  readonly normFirst?: boolean
  /** Of the linear layers, projections and norms. Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

export function activationOf(activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === 'function') return activation
  switch (activation) {
    case 'relu':
      return relu
    case 'gelu':
      return (x) => gelu(x)
    default:
      throw new RangeError(`activation is 'relu', 'gelu' or a function of a tensor, got '${String(activation satisfies never)}'`)
  }
}

/** The layers of an encoder or a decoder. */
export function layersOf<L extends Module>(name: string, makeLayer: () => L, numLayers: number): L[] {
  if (typeof makeLayer !== 'function') {
    throw new TypeError(`${name} takes a function that makes a layer, () => new ${name}Layer(…), so that each layer has its own weights`)
  }
  if (!Number.isInteger(numLayers) || numLayers < 1) throw new RangeError(`${name} takes a number of layers ≥ 1, got ${numLayers}`)
  return Array.from({ length: numLayers }, makeLayer)
}
