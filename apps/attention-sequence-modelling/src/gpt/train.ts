/** The training run: what is built, what a step does, and what happens at each look at the held-out part. */
import { describeSize, TrainingRun, validationLine, withCommas } from '@tenon/app-kit'
import { backward } from '@tenon/autograd'
import type { Batch } from '@tenon/datasets'
import { crossEntropy } from '@tenon/nn'
import { GPT } from '@tenon/nn-attention'
import { AdamW, clipGradNorm, LambdaLR } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { type Checkpoint, evaluate } from '@tenon/train'
import { type Data, trainLoader, validationLoader } from './data.ts'
import { presetOf, type Settings } from './settings.ts'

export interface TrainContext {
  readonly folder: string
  readonly data: Data
  readonly checkpoint: Checkpoint<Settings> | null
  readonly out: NodeJS.WriteStream
  /** Stops the run after the running step; then it is saved. */
  readonly signal: AbortSignal
}

type TextBatch = Batch<'input' | 'target'>

export interface Trained {
  readonly run: TrainingRun<Settings, TextBatch>
  readonly model: GPT
  /** Of the final weights on all that is held out, in nats a token; null if the run was stopped. */
  readonly validationLoss: number | null
}

/** Of a vocabulary and a window of these sizes. Linear layers have no biases, as nanoGPT's. */
export const buildModel = (settings: Settings, vocabSize: number, blockSize: number): GPT => {
  const { layers: nLayer, heads: nHead, width: nEmbd } = presetOf(settings)
  return new GPT({ vocabSize, blockSize, nLayer, nHead, nEmbd, bias: false })
}

export const train = async (settings: Settings, { data, ...context }: TrainContext): Promise<Trained> => {
  const { batchSize, lr, seed, epochs } = settings
  const { warmUp, layers, heads, width } = presetOf(settings)
  manualSeed(seed)
  const loader = trainLoader(data, settings)
  const [heldOut, glance] = [validationLoader(data.validation), validationLoader(data.glance)]
  const model = buildModel(settings, data.vocabulary.size, data.blockSize)
  const iters = settings.iters ?? Math.ceil((epochs! * data.epoch) / batchSize)

  // Weight decay is for what multiplies: matrices.
  const parameters = model.namedParameters()
  const [matrices, vectors] = [true, false].map((wide) => parameters.filter(([, { ndim }]) => ndim > 1 === wide)) as [
    typeof parameters,
    typeof parameters,
  ]
  const groups = [
    { params: matrices, weightDecay: 0.1 },
    { params: vectors, weightDecay: 0 },
  ]
  const optimizer = new AdamW(groups, { lr, betas: [0.9, 0.99] })
  const cosine = (share: number): number => 0.1 + 0.9 * 0.5 * (1 + Math.cos(Math.PI * share))
  const schedule = new LambdaLR(optimizer, (step) =>
    step < warmUp ? (step + 1) / (warmUp + 1) : cosine((step - warmUp) / Math.max(1, iters - warmUp)),
  )

  const lossOf = ({ input, target }: TextBatch, reduction: 'mean' | 'sum'): Tensor =>
    crossEntropy(model.forward(input).flatten(0, 1), target.flatten(), { reduction })
  const trainStep = jit((batch: TextBatch): Tensor => {
    const loss = lossOf(batch, 'mean')
    backward(loss)
    clipGradNorm(model.parameters(), 1)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  /** A window's share of the loss and of the tokens that count, so that means over windows give the loss of a token. */
  const validationStep = jit((batch: TextBatch) => {
    const windows = batch.target.shape[0]!
    return { loss: lossOf(batch, 'sum').div(windows), tokens: batch.target.ge(0).sum().cast('float32').div(windows) }
  })

  const run = await TrainingRun.open({
    ...context,
    settings,
    length: { iters },
    loader,
    parts: { model, optimizer, schedule, generator: defaultGenerator() },
    facts: {
      data: data.description,
      model: `${settings.preset}, ${describeSize(model)}: ${layers} layers of ${heads} heads, ${width} wide, windows of ${data.blockSize}`,
      training: `${withCommas(iters)} iterations, batches of ${batchSize}, AdamW, learning rate ${lr} falling to a tenth, seed ${seed}`,
    },
    unit: 'tokens',
    unitsPerSample: data.blockSize,
    evaluation: 'validation',
    line: ({ iteration, iterations, loss }) =>
      `Train Iteration: ${iteration} [${iteration}/${iterations} (${Math.round((100 * iteration) / iterations)}%)]  Loss: ${loss.toFixed(6)}`,
  })
  let validationLoss: number | null = null
  await run.fit({
    step: (batch) => {
      const loss = trainStep(batch)
      schedule.step()
      return loss
    },
    onEpoch: async (position) => {
      const last = position.epoch * loader.length + position.step >= iters
      model.eval()
      const means = await evaluate({ loader: last ? heldOut : glance, signal: context.signal, step: validationStep })
      model.train()
      if (!means) return
      const loss = means.loss / means.tokens
      if (last) validationLoss = loss
      await run.evaluated(position, { loss }, last ? '' : `Estimated ${validationLine(loss).toLowerCase()}\n`)
    },
  })
  model.eval()
  return { run, model, validationLoss }
}
