/** The training run: what is built, what a step does, and what happens after each epoch. */
import { describeSize, type LoadedText, TrainingRun, validationLine, withCommas } from '@tenon/app-kit'
import { backward } from '@tenon/autograd'
import { type Batch, type CharVocabulary, DataLoader, splitTokens, textStreams } from '@tenon/datasets'
import { crossEntropy } from '@tenon/nn'
import { Adam, clipGradNorm } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { type Checkpoint, RunningMean } from '@tenon/train'
import { CharModel, type State } from './model.ts'
import { presets, type Settings } from './settings.ts'

export interface TrainContext {
  readonly folder: string
  readonly text: LoadedText
  readonly vocabulary: CharVocabulary
  readonly checkpoint: Checkpoint<Settings> | null
  readonly out: NodeJS.WriteStream
  /** Stops the run after the running step; then it is saved. */
  readonly signal: AbortSignal
}

type TextBatch = Batch<'input' | 'target'>

export interface Trained {
  readonly run: TrainingRun<Settings, TextBatch>
  readonly model: CharModel
  /** Of the final weights, in nats a character; null if the run was stopped. */
  readonly validationLoss: number | null
}

/** Places at which the held-out text is read side by side: few, since each begins without a past. */
const validationStreams = 10

export const train = async (settings: Settings, { text, vocabulary, ...context }: TrainContext): Promise<Trained> => {
  const { batchSize, iters, epochs, lr, seed, cell } = settings
  const { window: length, embedding, hidden, layers } = presets[settings.preset]
  manualSeed(seed)
  const parts = splitTokens(vocabulary.encode(text.text))
  const loader = new DataLoader(textStreams(parts.train, { length, streams: batchSize }), { batchSize })
  const streams = Math.min(validationStreams, Math.floor((parts.validation.length - 1) / length))
  const heldOut = new DataLoader(textStreams(parts.validation, { length, streams }), { batchSize: streams })
  const model = new CharModel({ cell, vocabSize: vocabulary.size, embedding, hidden, layers, streams: batchSize })
  const optimizer = new Adam(model.namedParameters(), { lr })

  const lossOf = (scores: Tensor, target: Tensor): Tensor => crossEntropy(scores.flatten(0, 1), target.flatten())
  const trainStep = jit(({ input, target }: TextBatch): Tensor => {
    const { scores, state } = model.forward(input, model.carried)
    const loss = lossOf(scores, target)
    backward(loss)
    clipGradNorm(model.parameters(), 5)
    optimizer.step()
    optimizer.zeroGrad()
    model.carry(state)
    return loss
  })
  const validationStep = jit(({ input, target }: TextBatch, before: State) => {
    const { scores, state } = model.forward(input, before)
    return { loss: lossOf(scores, target), state }
  })

  const long = iters === null ? `${epochs} epochs` : `${withCommas(iters)} iterations`
  const run = await TrainingRun.open({
    ...context,
    settings,
    length: iters === null ? { epochs: epochs! } : { iters },
    loader,
    parts: { model, optimizer, generator: defaultGenerator() },
    facts: {
      data: `${text.title}: ${withCommas(parts.train.length)} characters to train on, ${withCommas(parts.validation.length)} to validate with, ${vocabulary.size} distinct`,
      model: `${settings.preset}, ${describeSize(model)}: embedding ${embedding}, ${layers} × ${cell} of ${hidden}`,
      training: `${long}, ${batchSize} streams in windows of ${length}, Adam, learning rate ${lr}, seed ${seed}`,
    },
    unit: 'characters',
    unitsPerSample: length,
    evaluation: 'validation',
    line: ({ epoch, step, loss }) =>
      `Train Epoch: ${epoch} [${step}/${loader.length} (${Math.round((100 * step) / loader.length)}%)]  Loss: ${loss.toFixed(6)}`,
  })
  let validationLoss: number | null = null
  await run.fit({
    step: trainStep,
    onEpoch: async (position) => {
      const mean = new RunningMean()
      let state: State = model.emptyState(streams)
      for await (const batch of heldOut.iterate()) {
        if (context.signal.aborted) return
        const result = validationStep(batch, state)
        state = result.state
        mean.add(await result.loss.item())
      }
      validationLoss = mean.value
      await run.evaluated(position, { loss: validationLoss }, `${validationLine(validationLoss)}\n`)
      // The next epoch begins where the streams do. What was saved remembers their ends, and comes by here too when it is resumed.
      model.forget()
    },
  })
  model.eval()
  return { run, model, validationLoss }
}
