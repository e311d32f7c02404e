import { Dropout, GELU, LayerNorm, Linear, Module } from '@tenon/nn'
import type { Tensor } from '@tenon/tensor'
import { type BlockOptions, type Cached, CausalSelfAttention } from './causal-self-attention.ts'

/** Linear → GELU → Linear, four times as wide inside.   [..., E] → same. nanoGPT's `MLP`. */
export class GPTMLP extends Module {
  readonly cFc: Linear // E → 4 E
  readonly gelu: GELU
  readonly cProj: Linear // 4 E → E
  readonly dropout: Dropout

  constructor(nEmbd: number, { dropout = 0, bias = true, approximate = 'none', dtype = 'float32' }: BlockOptions = {}) {
    super()
    this.cFc = new Linear(nEmbd, 4 * nEmbd, { bias, dtype })
    this.gelu = new GELU({ approximate })
    this.cProj = new Linear(4 * nEmbd, nEmbd, { bias, dtype })
    this.dropout = new Dropout(dropout)
  }

  forward(x: Tensor): Tensor {
    return this.dropout.forward(this.cProj.forward(this.gelu.forward(this.cFc.forward(x))))
  }
}

/** x + attention(norm(x)), then x + mlp(norm(x)).   [N, T, E] → same. nanoGPT's `Block`; Radford et al. 2019, "GPT-2". */
export class GPTBlock extends Module {
  readonly ln1: LayerNorm
  readonly attn: CausalSelfAttention
  readonly ln2: LayerNorm
  readonly mlp: GPTMLP

  constructor(nEmbd: number, nHead: number, options: BlockOptions = {}) {
    super()
    const { bias = true, dtype = 'float32' } = options
    this.ln1 = new LayerNorm(nEmbd, { bias, dtype })
    this.attn = new CausalSelfAttention(nEmbd, nHead, options)
    this.ln2 = new LayerNorm(nEmbd, { bias, dtype })
    this.mlp = new GPTMLP(nEmbd, options)
  }

  forward(x: Tensor, cached?: Cached): Tensor {
    const y = x.add(this.attn.forward(this.ln1.forward(x), cached))
    return y.add(this.mlp.forward(this.ln2.forward(y)))
  }
}
