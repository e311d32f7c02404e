/** The training run: what is built, what a step does, and what happens after each epoch. */
import { describeSize, TrainingRun, withCommas } from '@tenon/app-kit'
import { backward } from '@tenon/autograd'
import type { Batch } from '@tenon/datasets'
import { crossEntropy, type Sequential } from '@tenon/nn'
import { Adam, CosineAnnealingLR, SGD } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { accuracy, type Checkpoint, evaluate } from '@tenon/train'
import { type Data, dataSets } from './data.ts'
import { presets } from './model.ts'
import { type ImageLoader, makeLoader } from './preparation.ts'
import { accuracyChart, testLine, trainLine } from './report.ts'
import type { Settings } from './settings.ts'

export interface TrainContext {
  readonly folder: string
  readonly data: Data
  readonly checkpoint: Checkpoint<Settings> | null
  readonly out: NodeJS.WriteStream
  /** Stops the run after the running step; then it is saved. */
  readonly signal: AbortSignal
}

export interface Trained {
  readonly run: TrainingRun<Settings, Batch<'images' | 'labels'>>
  readonly model: Sequential
  readonly testLoader: ImageLoader
}

export const train = async (settings: Settings, { data, ...context }: TrainContext): Promise<Trained> => {
  const { batchSize, epochs, limit, lr, seed } = settings
  const { build, summary, schedule: scheduleName } = presets[settings.preset]
  const dataSet = dataSets[settings.data]
  manualSeed(seed)
  const loader = makeLoader(data.train, dataSet, { batchSize, limit, shuffleSeed: seed })
  const testLoader = makeLoader(data.test, dataSet, { batchSize: 250, limit, shuffleSeed: null })
  const model = build()
  const parameters = model.namedParameters()
  const optimizer = settings.optimizer === 'adam' ? new Adam(parameters, { lr }) : new SGD(parameters, { lr, momentum: 0.5 })
  const schedule = scheduleName === 'cosine' ? new CosineAnnealingLR(optimizer, epochs * loader.length) : null

  const trainStep = jit((images: Tensor, labels: Tensor): Tensor => {
    const loss = crossEntropy(model.forward(images), labels)
    backward(loss)
    optimizer.step()
    optimizer.zeroGrad() // Here, and not at the start: gradients that nobody sees after the step need no memory.
    return loss
  })
  const testStep = jit((images: Tensor, labels: Tensor): { loss: Tensor; accuracy: Tensor } => {
    const logits = model.forward(images)
    return { loss: crossEntropy(logits, labels), accuracy: accuracy(logits, labels) }
  })

  const falling = schedule ? 'falling to 0' : 'throughout'
  const run = await TrainingRun.open({
    ...context,
    settings,
    length: { epochs },
    loader,
    parts: { model, optimizer, schedule, generator: defaultGenerator() },
    facts: {
      data: `${dataSet.title}: ${withCommas(loader.numSamples)} images to train on, ${withCommas(testLoader.numSamples)} to test with`,
      model: `${settings.preset}, ${describeSize(model)}: ${summary}`,
      training: `${epochs} epochs, batches of ${batchSize}, ${settings.optimizer}, learning rate ${lr} ${falling}, seed ${seed}`,
    },
    unit: 'images',
    evaluation: 'test',
    line: trainLine,
    charts: accuracyChart,
  })
  await run.fit({
    step: ({ images, labels }) => {
      const loss = trainStep(images, labels)
      schedule?.step()
      return loss
    },
    onEpoch: async (position) => {
      model.eval()
      const { signal } = context
      const result = await evaluate({ loader: testLoader, signal, step: ({ images, labels }) => testStep(images, labels) })
      model.train()
      if (!result) return
      const images = testLoader.numSamples
      const right = Math.round(result.accuracy * images)
      await run.evaluated(position, { loss: result.loss, accuracy: right / images, right, images }, testLine(result.loss, right, images))
    },
  })
  model.eval()
  return { run, model, testLoader }
}
