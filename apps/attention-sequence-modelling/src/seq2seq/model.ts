/** Two encoder-decoders from letters to phonemes: a Transformer, and a recurrent one that looks back with additive attention. */
import { Dropout, Embedding, Linear, Module } from '@tenon/nn'
import { AdditiveAttention, PositionalEncoding, Transformer } from '@tenon/nn-attention'
import { GRU, GRUCell } from '@tenon/nn-rnn'
import { concat, scan, type Tensor, tanh } from '@tenon/tensor'
import { letters, phonemes } from './vocabulary.ts'

/** What the decoder sees of a word. */
export interface Memory {
  readonly keys: Tensor // [B, S, features]
  readonly isLetter: Tensor // bool [B, S], false for padding
}

/** A model as training, decoding and the attention map use it. */
export interface Speller extends Module {
  /** int32 [B, S] → what the decoder sees */
  encode(source: Tensor): Memory
  /** Phonemes so far, int32 [B, T] → scores of the next one at each place, [B, T, V] */
  decode(memory: Memory, input: Tensor): Tensor
  /** How much each place looks at each letter: [B, T, S] */
  attention(memory: Memory, input: Tensor): Tensor
}

const memoryOf = (source: Tensor, keys: Tensor): Memory => ({ keys, isLetter: source.ne(0) })

/** Layers are normalised first, which trains without a long warm-up (Xiong et al. 2020). */
export class TransformerSpeller extends Module implements Speller {
  readonly letters: Embedding
  readonly phonemes: Embedding
  readonly positions: PositionalEncoding
  readonly transformer: Transformer
  readonly head: Linear
  readonly width: number

  constructor(width: number, heads: number, layers: number, dropout: number) {
    super()
    this.width = width
    this.letters = new Embedding(letters.size, width)
    this.phonemes = new Embedding(phonemes.size, width)
    this.positions = new PositionalEncoding(width, { dropout, batchFirst: true })
    this.transformer = new Transformer(width, heads, {
      numEncoderLayers: layers,
      numDecoderLayers: layers,
      dimFeedforward: 2 * width,
      dropout,
      batchFirst: true,
      normFirst: true,
    })
    this.head = new Linear(width, phonemes.size)
  }

  forward(source: Tensor, input: Tensor): Tensor {
    return this.decode(this.encode(source), input)
  }

  encode(source: Tensor): Memory {
    const x = this.positions.forward(this.letters.forward(source)) // [B, S, width]
    return memoryOf(source, this.transformer.encoder.forward(x, { srcKeyPaddingMask: source.eq(0) }))
  }

  decode({ keys, isLetter }: Memory, input: Tensor): Tensor {
    const x = this.positions.forward(this.phonemes.forward(input)) // [B, T, width]
    const masks = { tgtIsCausal: true, memoryKeyPaddingMask: isLetter.eq(0) }
    return this.head.forward(this.transformer.decoder.forward(x, keys, masks))
  }

  /** Of the last layer, the mean over its heads. */
  attention({ keys, isLetter }: Memory, input: Tensor): Tensor {
    const memoryKeyPaddingMask = isLetter.eq(0)
    const layers = [...this.transformer.decoder.layers]
    const last = layers.pop()!
    let x = this.positions.forward(this.phonemes.forward(input))
    for (const layer of layers) x = layer.forward(x, keys, { tgtIsCausal: true, memoryKeyPaddingMask })
    const seen = last.norm1.forward(x)
    x = x.add(last.selfAttn.forward(seen, seen, seen, { isCausal: true, needWeights: false }).output)
    return last.multiheadAttn.forward(last.norm2.forward(x), keys, keys, { keyPaddingMask: memoryKeyPaddingMask }).weights!
  }
}

/** Bahdanau et al. 2015: a bidirectional encoder, and a decoder that asks it about the word before each phoneme. */
export class RecurrentSpeller extends Module implements Speller {
  readonly letters: Embedding
  readonly phonemes: Embedding
  readonly encoder: GRU
  readonly bridge: Linear
  readonly look: AdditiveAttention
  readonly cell: GRUCell
  readonly drop: Dropout
  readonly head: Linear

  constructor(width: number, dropout: number) {
    super()
    const both = 2 * width
    this.letters = new Embedding(letters.size, width)
    this.phonemes = new Embedding(phonemes.size, width)
    this.encoder = new GRU(width, width, { bidirectional: true, batchFirst: true })
    this.bridge = new Linear(both, both)
    this.look = new AdditiveAttention(both, both, width)
    this.cell = new GRUCell(width + both, both)
    this.drop = new Dropout(dropout)
    this.head = new Linear(2 * both, phonemes.size)
  }

  forward(source: Tensor, input: Tensor): Tensor {
    return this.decode(this.encode(source), input)
  }

  encode(source: Tensor): Memory {
    const lengths = source.ne(0).sum(1)
    return memoryOf(source, this.encoder.forward(this.drop.forward(this.letters.forward(source)), null, { lengths }).output)
  }

  decode(memory: Memory, input: Tensor): Tensor {
    return this.head.forward(this.drop.forward(this.#states(memory, input).seen))
  }

  attention(memory: Memory, input: Tensor): Tensor {
    return this.#states(memory, input).weights
  }

  /** The decoder's states beside what it saw, [B, T, 4 · width], and where it looked, [B, T, S]. */
  #states({ keys, isLetter }: Memory, input: Tensor): { seen: Tensor; weights: Tensor } {
    const projectedKeys = this.look.projectKeys(keys)
    const said = this.drop.forward(this.phonemes.forward(input)).transpose(0, 1) // [T, B, width]
    // Where the backward direction has read the whole word.
    const first = tanh(this.bridge.forward(keys.select(1, 0)))
    const { ys } = scan(
      (state: Tensor, phoneme: Tensor) => {
        const { context, weights } = this.look.forward(state, keys, { mask: isLetter, projectedKeys })
        const next = this.cell.forward(concat([phoneme, context], 1), state)
        return { carry: next, y: { seen: concat([next, context], 1), weights } }
      },
      first,
      said,
    )
    return { seen: ys.seen.transpose(0, 1), weights: ys.weights.transpose(0, 1) }
  }
}

export type ModelName = 'transformer' | 'rnn'
export type PresetName = 'small' | 'tiny'

interface Choice {
  readonly build: () => Speller
  readonly summary: string
}

export const models: Readonly<Record<ModelName, Readonly<Record<PresetName, Choice>>>> = {
  transformer: {
    small: { build: () => new TransformerSpeller(128, 4, 2, 0.1), summary: 'Transformer, 2 + 2 layers of 4 heads, 128 wide' },
    tiny: { build: () => new TransformerSpeller(16, 2, 1, 0), summary: 'Transformer, 1 + 1 layers of 2 heads, 16 wide' },
  },
  rnn: {
    small: { build: () => new RecurrentSpeller(128, 0.1), summary: 'bidirectional GRU of 2 × 128, additive attention, GRU of 256' },
    tiny: { build: () => new RecurrentSpeller(8, 0), summary: 'bidirectional GRU of 2 × 8, additive attention, GRU of 16' },
  },
}
