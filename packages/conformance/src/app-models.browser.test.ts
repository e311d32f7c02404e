/** The models of the apps, as small as their preset `tiny`, on gpu.js in WebGL 2: the first twenty losses are those of backend-cpu. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import type { Backend } from '@tenon/kernel'
import { crossEntropy, type Module } from '@tenon/nn'
import { GPT } from '@tenon/nn-attention'
import { Adam, AdamW, clipGradNorm } from '@tenon/optim'
import { jit, manualSeed, randint, randn, type Tensor, useBackend } from '@tenon/tensor'
import { models as spellers } from 'attention-sequence-modelling/seq2seq/model'
import { presets as cnns } from 'cnn-image-classification/model'
import { CharModel } from 'lstm-text-generation/model'
import { afterAll, expect, test } from 'vitest'

interface Run {
  readonly model: Module
  readonly optimizer: Adam | AdamW
  /** Its inputs, and then its targets. */
  readonly batch: readonly Tensor[]
  readonly lossOf: (...batch: Tensor[]) => Tensor
}

const tokens = (count: number, ...shape: number[]): Tensor => randint(1, count, shape)
const lossOfTokens = (scores: Tensor, targets: Tensor): Tensor => crossEntropy(scores.flatten(0, 1), targets.flatten())

const speller = (name: keyof typeof spellers) => (): Run => {
  const model = spellers[name].tiny.build()
  return {
    model,
    optimizer: new AdamW(model.namedParameters(), { lr: 1e-3 }),
    batch: [tokens(20, 4, 8), tokens(20, 4, 8), tokens(20, 4, 8)],
    lossOf: (source, input, target) => lossOfTokens(model.decode(model.encode(source!), input!), target!),
  }
}

const runs: Readonly<Record<string, () => Run>> = {
  'the CNN': () => {
    const model = cnns.tiny.build()
    const optimizer = new Adam(model.namedParameters(), { lr: 2e-3 })
    const lossOf = (images: Tensor, labels: Tensor): Tensor => crossEntropy(model.forward(images), labels)
    return { model, optimizer, batch: [randn([8, 1, 28, 28]), tokens(10, 8)], lossOf }
  },
  'the LSTM': () => {
    const model = new CharModel({ cell: 'lstm', vocabSize: 20, embedding: 8, hidden: 16, layers: 1, streams: 4 })
    const lossOf = (input: Tensor, target: Tensor): Tensor => {
      const { scores, state } = model.forward(input, model.carried)
      model.carry(state)
      return lossOfTokens(scores, target)
    }
    return { model, optimizer: new Adam(model.namedParameters(), { lr: 2e-3 }), batch: [tokens(20, 4, 8), tokens(20, 4, 8)], lossOf }
  },
  'the GPT': () => {
    const model = new GPT({ vocabSize: 20, blockSize: 16, nLayer: 1, nHead: 2, nEmbd: 16, bias: false })
    const lossOf = (input: Tensor, target: Tensor): Tensor => lossOfTokens(model.forward(input), target)
    return { model, optimizer: new AdamW(model.namedParameters(), { lr: 1e-3 }), batch: [tokens(20, 4, 16), tokens(20, 4, 16)], lossOf }
  },
  'the speller with a Transformer': speller('transformer'),
  'the speller with a GRU': speller('rnn'),
}

async function firstLosses(make: () => Run, backend: Backend): Promise<number[]> {
  await useBackend(backend)
  manualSeed(1)
  const { model, optimizer, batch, lossOf } = make()
  const step = jit((...inputs: Tensor[]): Tensor => {
    const loss = lossOf(...inputs)
    backward(loss)
    clipGradNorm(model.parameters(), 1)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  const losses: number[] = []
  for (let i = 0; i < 20; i++) losses.push(await step(...batch).item())
  return losses
}

afterAll(async () => {
  await useBackend(cpu())
})

test.each(Object.entries(runs))('%s', async (_, make) => {
  const expected = await firstLosses(make, cpu())
  const gpu = await gpujs({ mode: 'webgl2' })
  const losses = await firstLosses(make, gpu)
  await useBackend(cpu())
  gpu.dispose()
  expect(expected.at(-1)).toBeLessThan(expected[0]!)
  for (const [i, loss] of losses.entries()) expect(Math.abs(loss - expected[i]!)).toBeLessThan(1e-3)
})
