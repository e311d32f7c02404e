/** The training run: what is built, what a step does, and what happens after each epoch. */
import { backward } from '@tenon/autograd'
import { crossEntropy } from '@tenon/nn'
import { Adam, CosineAnnealingLR, SGD } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { accuracy, type Checkpoint, evaluate, fit, type Position } from '@tenon/train'
import { saveCheckpoint } from '@tenon/train/node'
import { type Data, dataSets, makeLoader } from './data.ts'
import { presets } from './model.ts'
import { Report } from './report.ts'
import { files, type Run } from './results.ts'
import type { Settings } from './settings.ts'

export interface TrainContext {
  readonly folder: string
  readonly data: Data
  readonly checkpoint: Checkpoint | null
  readonly out: NodeJS.WriteStream
  /** Stops the run after the running step; then it is saved. */
  readonly signal: AbortSignal
}

export interface Trained extends Run {
  readonly reached: Position
  readonly summary: string
}

export const train = async (settings: Settings, { folder, data, checkpoint, out, signal }: TrainContext): Promise<Trained> => {
  const { batchSize, epochs, limit, lr, seed } = settings
  manualSeed(seed)
  const loader = makeLoader(data.train, dataSets[settings.data], { batchSize, limit, shuffleSeed: seed })
  const testLoader = makeLoader(data.test, dataSets[settings.data], { batchSize: 250, limit, shuffleSeed: null })
  const model = presets[settings.preset].build()
  const parameters = model.namedParameters()
  const optimizer = settings.optimizer === 'adam' ? new Adam(parameters, { lr }) : new SGD(parameters, { lr, momentum: 0.5 })
  const schedule = presets[settings.preset].schedule === 'cosine' ? new CosineAnnealingLR(optimizer, epochs * loader.length) : null
  const parts = { model, optimizer, schedule, generator: defaultGenerator() }
  checkpoint?.restore(parts)

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

  const start = checkpoint?.position ?? { epoch: 0, step: 0 }
  const run = { settings, folder, model, loader, testLoader }
  const report = await Report.open(run, start, out)
  const save = (position: Position): Promise<void> => saveCheckpoint(files(folder).checkpoint, parts, { position, settings })
  try {
    const reached = await fit({
      loader,
      epochs,
      start,
      signal,
      step: ({ images, labels }) => {
        const loss = trainStep(images, labels)
        schedule?.step()
        return loss
      },
      onStep: (step) => report.step(step),
      onEpoch: async (position) => {
        await save(position)
        model.eval()
        const result = await evaluate({
          loader: testLoader,
          signal,
          step: ({ images, labels }) => testStep(images, labels),
        })
        model.train()
        if (result) await report.epoch(position.epoch, result)
      },
    })
    if (signal.aborted) await save(reached)
    model.eval()
    return { ...run, reached, summary: report.summary() }
  } finally {
    report.stop()
  }
}
