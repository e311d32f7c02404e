import { GPT } from '@tenon/nn-attention'
import { AdamW } from '@tenon/optim'
import { realize, type Tensor, tensor } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import type { PeerStep } from '../round.ts'
import { type GPTSize, gptSizes, vocabulary } from '../workloads.ts'
import { load } from './load.ts'
import { textBatches, trainStep } from './train.ts'

/** transformer.h.0.attn.cAttn.weight → blocks.0.attn.weight */
const inputName = (name: string): string =>
  name
    .replace('transformer.', '')
    .replace(/^h\./, 'blocks.')
    .replace('attn.cAttn', 'attn')
    .replace('attn.cProj', 'proj')
    .replace('mlp.cFc', 'fc')
    .replace('mlp.cProj', 'fcproj')
    .replace('lnF', 'lnf')
    .replace('lmHead', 'wte') // tied

const makeModel = (inputs: Inputs, { block, layers, heads, width }: GPTSize): GPT => {
  const shape = { vocabSize: vocabulary, blockSize: block, nLayer: layers, nHead: heads, nEmbd: width }
  const model = new GPT({ ...shape, bias: false, approximate: 'tanh' })
  load(model, inputs, inputName)
  return model
}

export const gptTrain =
  (name: keyof typeof gptSizes) =>
  (inputs: Inputs): PeerStep => {
    const { batch, block } = gptSizes[name]
    const model = makeModel(inputs, gptSizes[name])
    const parameters = [...model.namedParameters()]
    const groups = [
      { params: parameters.filter(([, { ndim }]) => ndim >= 2), weightDecay: 0.1 },
      { params: parameters.filter(([, { ndim }]) => ndim < 2), weightDecay: 0 },
    ]
    const optimizer = new AdamW(groups, { lr: 1e-3, betas: [0.9, 0.99] })
    return trainStep(model, optimizer, textBatches(inputs, batch, block))
  }

export const gptGenerate = (inputs: Inputs): PeerStep => {
  const model = makeModel(inputs, gptSizes['gpt-train']).eval()
  let tokens: Tensor
  return {
    step: () => {
      tokens = model.generate(tensor(Int32Array.of(0), [1, 1]), 63, { temperature: 0 })
      realize(tokens)
    },
    check: async () => Array.from(await tokens.data(), Number).reduce((sum, token, i) => sum + i * token, 0),
  }
}
