/** Every layer of @tenon/nn-attention: the suite that strangers' layers pass, on every backend. */
import {
  AdditiveAttention,
  CausalSelfAttention,
  GPT,
  GPTBlock,
  GPTMLP,
  LearnedPositionalEncoding,
  MultiheadAttention,
  PositionalEncoding,
  Transformer,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
} from '@tenon/nn-attention'
import { type Tensor, tensor } from '@tenon/tensor'
import { describeLayer } from '@tenon/testing'
import { backends } from './backends.ts'
import { uniform } from './deterministic.ts'

const x = (...shape: number[]): Tensor =>
  tensor(
    Float32Array.from(
      uniform(
        7,
        shape.reduce((n, d) => n * d, 1),
        1,
      ),
    ),
    shape,
  )
const padding = tensor(Uint8Array.of(0, 0, 1, 0, 1, 1), [2, 3], { dtype: 'bool' })
const small = { dimFeedforward: 6, dropout: 0.2, activation: 'gelu' } as const
const gpt = { vocabSize: 5, blockSize: 4, nLayer: 1, nHead: 2, nEmbd: 8, dropout: 0.2 }
const tokens = (...shape: number[]): Tensor =>
  tensor(
    Int32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => (3 * i) % 5),
    shape,
  )

/** With weights of N(0, 0.2²): a LayerNorm of its first ones, a tenth as large, makes much of rounding and of the steps of differences. */
function spread(model: GPT): GPT {
  for (const parameter of model.parameters()) if (parameter.ndim === 2) parameter.assign(parameter.mul(10))
  return model
}

describeLayer('MultiheadAttention', {
  make: (dtype) => new MultiheadAttention(4, 2, { dropout: 0.2, batchFirst: true, dtype }),
  inputs: [x(2, 3, 4), x(2, 3, 4), x(2, 3, 4), { keyPaddingMask: padding, isCausal: true }],
  refuses: [[x(2, 3, 5), x(2, 3, 4), x(2, 3, 4)]],
  backends,
})
describeLayer('MultiheadAttention, of unlike features', {
  make: (dtype) => new MultiheadAttention(4, 2, { kdim: 3, vdim: 2, addBiasKv: true, addZeroAttn: true, dtype }),
  inputs: [x(2, 2, 4), x(3, 2, 3), x(3, 2, 2), { averageAttnWeights: false }],
  refuses: [[x(2, 2, 4), x(3, 2, 3), x(3, 2, 3)]],
  backends,
})
describeLayer('TransformerEncoderLayer', {
  make: (dtype) => new TransformerEncoderLayer(4, 2, { ...small, batchFirst: true, dtype }),
  inputs: [x(2, 3, 4), { srcKeyPaddingMask: padding }],
  refuses: [[x(2, 3, 5)]],
  backends,
})
describeLayer('TransformerDecoderLayer', {
  make: (dtype) => new TransformerDecoderLayer(4, 2, { ...small, normFirst: true, dtype }),
  inputs: [x(3, 2, 4), x(2, 2, 4), { tgtIsCausal: true }],
  refuses: [[x(3, 2, 4), x(2, 3, 4)]],
  backends,
})
describeLayer('TransformerEncoder', {
  make: (dtype) => new TransformerEncoder(() => new TransformerEncoderLayer(4, 2, { ...small, dtype }), 2),
  inputs: [x(3, 2, 4)],
  refuses: [[x(3, 2, 3)]],
  backends,
})
describeLayer('TransformerDecoder', {
  make: (dtype) => new TransformerDecoder(() => new TransformerDecoderLayer(4, 2, { ...small, dtype }), 1),
  inputs: [x(3, 2, 4), x(2, 2, 4)],
  refuses: [[x(3, 2, 4), x(2, 2, 3)]],
  backends,
})
describeLayer('Transformer', {
  make: (dtype) => new Transformer(4, 2, { ...small, numEncoderLayers: 1, numDecoderLayers: 1, batchFirst: true, dtype }),
  inputs: [x(2, 3, 4), x(2, 2, 4), { srcKeyPaddingMask: padding, memoryKeyPaddingMask: padding, tgtIsCausal: true }],
  refuses: [[x(2, 3, 4), x(3, 3, 4)]],
  backends,
})
describeLayer('PositionalEncoding', {
  make: () => new PositionalEncoding(5, { dropout: 0.2 }),
  inputs: [x(3, 2, 5), { offset: 2 }],
  refuses: [[x(3, 2, 4)]],
  backends,
})
describeLayer('LearnedPositionalEncoding', {
  make: (dtype) => new LearnedPositionalEncoding(5, 4, { dtype }),
  inputs: [x(3, 2, 4), { offset: tensor(Int32Array.of(2), []) }],
  refuses: [[x(6, 2, 4)]],
  backends,
})
describeLayer('AdditiveAttention', {
  make: (dtype) => new AdditiveAttention(2, 4, 3, { dtype }),
  inputs: [x(2, 2), x(2, 3, 4), { mask: padding }],
  refuses: [[x(2, 3), x(2, 3, 4)]],
  backends,
})
describeLayer('CausalSelfAttention', {
  make: (dtype) => new CausalSelfAttention(4, 2, { dropout: 0.2, dtype }),
  inputs: [x(2, 3, 4)],
  refuses: [[x(2, 3, 3)]],
  backends,
})
describeLayer('GPTMLP', {
  make: (dtype) => new GPTMLP(4, { dropout: 0.2, dtype }),
  inputs: [x(2, 3, 4)],
  refuses: [[x(2, 3, 3)]],
  backends,
})
describeLayer('GPTBlock', {
  make: (dtype) => new GPTBlock(4, 2, { dropout: 0.2, dtype }),
  inputs: [x(2, 3, 4)],
  refuses: [[x(2, 3, 3)]],
  backends,
})
describeLayer('GPT, tied', {
  make: (dtype) => spread(new GPT({ ...gpt, dtype })),
  inputs: [tokens(2, 4)],
  refuses: [[tokens(2, 5)], [x(2, 4)]],
  backends,
})
describeLayer('GPT, untied, no bias', {
  make: (dtype) => spread(new GPT({ ...gpt, bias: false, tieWeights: false, dtype })),
  inputs: [tokens(2, 4)],
  backends,
})
