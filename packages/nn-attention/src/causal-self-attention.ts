import { Dropout, Linear, Module, modulePath } from '@tenon/nn'
import { chunk, type DType, ShapeError, showShape, type Tensor } from '@tenon/tensor'
import type { KVCache } from './kv-cache.ts'
import { checkHeads } from './multihead-attention.ts'
import { scaledDotProductAttention } from './scaled-dot-product-attention.ts'

/** Options of a block of a GPT. */
export interface BlockOptions {
  /** Of the attention weights, and after the attention and the MLP. Default 0. */
  readonly dropout?: number
  /** Of the linear layers and LayerNorms. Default true. */
  readonly bias?: boolean
  /** Of the GELU: 'tanh' for the weights of GPT-2. Default 'none', the exact one. */
  readonly approximate?: 'none' | 'tanh'
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Where cached decoding stands. */
export interface Cached {
  readonly cache: KVCache
  /** Of the first token of the input: int32 []. */
  readonly position: Tensor
}

/**
 * Attention of each position to itself and those before it, with queries, keys and values of one linear layer. With a cache, the input is what
 * comes after the cached tokens. [N, T, E] → same. nanoGPT's `CausalSelfAttention`.
 */
export class CausalSelfAttention extends Module {
  readonly cAttn: Linear // E → 3 E
  readonly cProj: Linear // E → E
  readonly residDropout: Dropout
  readonly dropout: number
  readonly nEmbd: number
  readonly nHead: number

  constructor(nEmbd: number, nHead: number, { dropout = 0, bias = true, dtype = 'float32' }: BlockOptions = {}) {
    super()
    checkHeads('CausalSelfAttention', nEmbd, nHead)
    this.cAttn = new Linear(nEmbd, 3 * nEmbd, { bias, dtype })
    this.cProj = new Linear(nEmbd, nEmbd, { bias, dtype })
    this.residDropout = new Dropout(dropout)
    this.dropout = dropout
    this.nEmbd = nEmbd
    this.nHead = nHead
  }

  forward(x: Tensor, cached?: Cached): Tensor {
    if (x.ndim !== 3 || x.shape[2] !== this.nEmbd) {
      throw new ShapeError(`${modulePath(this)} expects [N, T, ${this.nEmbd}], got ${showShape(x.shape)}`)
    }
    const [n, t] = x.shape as [number, number, number]
    const [q, k, v] = chunk(this.cAttn.forward(x), 3, -1).map((part) =>
      part.reshape([n, t, this.nHead, this.nEmbd / this.nHead]).transpose(1, 2),
    ) as [Tensor, Tensor, Tensor] // [N, H, T, D]
    const dropout = this.training ? this.dropout : 0
    let y: Tensor // [N, H, T, D]
    if (cached) {
      const { keys, values, mask } = cached.cache.append(k, v, cached.position)
      y = scaledDotProductAttention(q, keys, values, { mask, dropout })
    } else {
      y = scaledDotProductAttention(q, k, v, { isCausal: true, dropout })
    }
    return this.residDropout.forward(this.cProj.forward(y.transpose(1, 2).reshape([n, t, this.nEmbd])))
  }

  override extraRepr(): string {
    return `nEmbd=${this.nEmbd}, nHead=${this.nHead}, dropout=${this.dropout}`
  }
}
