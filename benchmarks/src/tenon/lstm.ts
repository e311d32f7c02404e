import { Embedding, Linear, Module } from '@tenon/nn'
import { LSTM } from '@tenon/nn-rnn'
import { Adam } from '@tenon/optim'
import type { Tensor } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import type { PeerStep } from '../round.ts'
import { vocabulary } from '../workloads.ts'
import { load } from './load.ts'
import { textBatches, trainStep } from './train.ts'

const [batch, length, hidden] = [50, 50, 128]

class CharLSTM extends Module {
  readonly embedding = new Embedding(vocabulary, hidden)
  readonly lstm = new LSTM(hidden, hidden, { numLayers: 2, batchFirst: true })
  readonly out = new Linear(hidden, vocabulary)

  /** int32 [B, T] → [B, T, vocabulary] */
  forward(x: Tensor): Tensor {
    return this.out.forward(this.lstm.forward(this.embedding.forward(x)).output)
  }
}

/** lstm.weightIhL0 → lstm.weight_ih_l0 */
const torchName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

export const lstmTrain = (inputs: Inputs): PeerStep => {
  const model = new CharLSTM()
  load(model, inputs, torchName)
  const optimizer = new Adam(model.namedParameters(), { lr: 2e-3 })
  return trainStep(model, optimizer, textBatches(inputs, batch, length))
}
