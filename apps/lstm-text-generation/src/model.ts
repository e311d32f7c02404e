/** The model: what the next character is, given all before, as a recurrent network remembers them. */
import { Embedding, Linear, Module } from '@tenon/nn'
import { GRU, LSTM, RNN } from '@tenon/nn-rnn'
import { type Tensor, Variable, zeros } from '@tenon/tensor'

export type CellName = 'rnn' | 'lstm' | 'gru'
export const cells: Readonly<Record<CellName, typeof RNN | typeof LSTM | typeof GRU>> = { rnn: RNN, lstm: LSTM, gru: GRU }

export interface CharModelOptions {
  readonly cell: CellName
  readonly vocabSize: number
  readonly embedding: number
  readonly hidden: number
  readonly layers: number
  /** Streams of the text that it is trained on side by side. */
  readonly streams: number
}

/** What it remembers: h, and for an LSTM c; [layers, B, hidden] each. */
export type State = readonly Tensor[]

export class CharModel extends Module {
  readonly embedding: Embedding // [vocabulary, embedding]
  readonly rnn: RNN | LSTM | GRU
  readonly head: Linear // hidden → vocabulary
  /** Of the streams that it is trained on, from one window to the next. */
  readonly carried: readonly Variable[]

  constructor({ cell, vocabSize, embedding, hidden, layers: numLayers, streams }: CharModelOptions) {
    super()
    this.embedding = new Embedding(vocabSize, embedding)
    this.rnn = new cells[cell](embedding, hidden, { numLayers, batchFirst: true })
    this.head = new Linear(hidden, vocabSize)
    this.carried = this.emptyState(streams).map((state) => new Variable(state))
  }

  emptyState(batch: number): State {
    const { numLayers, hiddenSize } = this.rnn
    return Array.from({ length: this.rnn instanceof LSTM ? 2 : 1 }, () => zeros([numLayers, batch, hiddenSize]))
  }

  /** int32 [B, T] → the scores of what comes next, [B, T, vocabulary], and what is remembered after that. */
  forward(x: Tensor, state: State): { scores: Tensor; state: State } {
    const embedded = this.embedding.forward(x) // [B, T, embedding]
    const [h, c] = state as [Tensor, Tensor]
    if (this.rnn instanceof LSTM) {
      const { output, state: next } = this.rnn.forward(embedded, { h, c })
      return { scores: this.head.forward(output), state: [next.h, next.c] }
    }
    const { output, state: next } = this.rnn.forward(embedded, h)
    return { scores: this.head.forward(output), state: [next] }
  }

  /** What was read is cut off from its past: truncated backpropagation. */
  carry(state: State): void {
    for (const [i, variable] of this.carried.entries()) variable.assign(state[i]!.detach())
  }

  forget(): void {
    for (const variable of this.carried) variable.assign(0)
  }
}
