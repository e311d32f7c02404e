/** The training run: what is built, what a step does, and what happens after each epoch. */
import { describeSize, TrainingRun, validationLine, withCommas } from '@tenon/app-kit'
import { backward } from '@tenon/autograd'
import { crossEntropy } from '@tenon/nn'
import { AdamW, clipGradNorm, LambdaLR } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { type Checkpoint, evaluate } from '@tenon/train'
import { type PairBatch, PairBatches } from './batches.ts'
import type { Dictionary, Word } from './dictionary.ts'
import { countErrors, type Errors, errorRate } from './error-rate.ts'
import { models, type Speller } from './model.ts'
import { Pronouncer } from './pronounce.ts'
import { errorRateChart, percent, trainLine } from './report.ts'
import type { Settings } from './settings.ts'

export interface TrainContext {
  readonly folder: string
  readonly dictionary: Dictionary
  readonly checkpoint: Checkpoint<Settings> | null
  readonly out: NodeJS.WriteStream
  /** Stops the run after the running step; then it is saved. */
  readonly signal: AbortSignal
}

export interface Trained {
  readonly run: TrainingRun<Settings, PairBatch>
  readonly pronouncer: Pronouncer
  /** Of the last epoch, in nats a phoneme; null if there was none. */
  readonly validationLoss: number | null
}

/** Words that are said after each epoch. */
const saidEachEpoch = 500

export const train = async (settings: Settings, { dictionary, ...context }: TrainContext): Promise<Trained> => {
  const { batchSize, epochs, lr, seed } = settings
  const { build, summary } = models[settings.model][settings.preset]
  manualSeed(seed)
  const loader = new PairBatches(dictionary.train, { batchSize, seed })
  const validationLoader = new PairBatches(dictionary.validation, { batchSize, seed: null })
  const model = build()
  const optimizer = new AdamW(model.namedParameters(), { lr, betas: [0.9, 0.98], weightDecay: 0.01 })
  const [rise, all] = [Math.ceil((epochs * loader.length) / 10), epochs * loader.length]
  const schedule = new LambdaLR(optimizer, (step) => Math.min((step + 1) / rise, 0.5 * (1 + Math.cos((Math.PI * step) / all))))

  const lossOf = ({ source, input, target }: PairBatch, reduction: 'mean' | 'sum'): Tensor =>
    crossEntropy(model.decode(model.encode(source), input).flatten(0, 1), target.flatten(), { ignoreIndex: 0, reduction })
  const trainStep = jit((batch: PairBatch): Tensor => {
    const loss = lossOf(batch, 'mean')
    backward(loss)
    clipGradNorm(model.parameters(), 1)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  /** A word's share of the loss and of the phonemes, so that means over words give the loss of a phoneme. */
  const validationStep = jit((batch: PairBatch) => {
    const words = batch.target.shape[0]!
    return { loss: lossOf(batch, 'sum').div(words), phonemes: batch.target.ne(0).sum().cast('float32').div(words) }
  })

  const run = await TrainingRun.open({
    ...context,
    settings,
    length: { epochs },
    loader,
    parts: { model, optimizer, schedule, generator: defaultGenerator() },
    facts: {
      data: `CMUdict: ${withCommas(dictionary.train.length)} words to train on, ${withCommas(dictionary.test.length)} others to test with`,
      model: `${settings.preset}, ${describeSize(model)}: ${summary}`,
      training: `${epochs} epochs, batches of ${batchSize}, AdamW, learning rate up to ${lr} and down to 0, seed ${seed}`,
    },
    unit: 'words',
    evaluation: 'validation',
    line: trainLine,
    charts: errorRateChart,
  })
  const pronouncer = new Pronouncer(model)
  let validationLoss: number | null = null
  await run.fit({
    step: (batch) => {
      const loss = trainStep(batch)
      schedule.step()
      return loss
    },
    onEpoch: async (position) => {
      model.eval()
      const means = await evaluate({ loader: validationLoader, signal: context.signal, step: validationStep })
      const errors = means && (await test(pronouncer, dictionary.validation.slice(0, saidEachEpoch)))
      model.train()
      if (!means || !errors) return
      validationLoss = means.loss / means.phonemes
      const line = `${validationLine(validationLoss)}, phoneme error rate: ${percent(errorRate(errors))}\n`
      await run.evaluated(position, { loss: validationLoss, errorRate: errorRate(errors) }, line)
    },
  })
  model.eval()
  return { run, pronouncer, validationLoss }
}

/** Says words that are listed, and counts what is wrong. */
export const test = async (pronouncer: Pronouncer, words: readonly Word[]): Promise<Errors> =>
  countErrors(
    await pronouncer.say(words.map(({ spelling }) => spelling)),
    words.map(({ pronunciations }) => pronunciations),
  )

export const restored = (checkpoint: Checkpoint<Settings>): Speller => {
  const model = models[checkpoint.settings.model][checkpoint.settings.preset].build()
  model.eval()
  checkpoint.restore({ model })
  return model
}
