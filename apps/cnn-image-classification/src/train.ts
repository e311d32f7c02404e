/** The training run: what is built, what a step does, and what happens after each epoch. */
import { backward } from '@tenon/autograd'
import { crossEntropy, type Module } from '@tenon/nn'
import { Adam, CosineAnnealingLR, SGD } from '@tenon/optim'
import { defaultGenerator, jit, manualSeed, type Tensor } from '@tenon/tensor'
import { accuracy, type Checkpoint, type CheckpointParts, evaluate, fit, type Position } from '@tenon/train'
import { saveCheckpoint } from '@tenon/train/node'
import { dataSets, makeLoader } from './data.ts'
import { presets } from './model.ts'
import type { Report } from './report.ts'
import type { Data } from './run.ts'
import type { Settings } from './settings.ts'

export interface Training {
  readonly model: Module & { forward(images: Tensor): Tensor }
  readonly reached: Position
}

export const train = async (
  settings: Settings,
  data: Data,
  checkpoint: Checkpoint | null,
  report: Report,
  signal: AbortSignal,
): Promise<Training> => {
  const { batchSize, epochs, limit, lr, seed } = settings
  manualSeed(seed)
  const model = presets[settings.preset].build()
  const parameters = model.namedParameters()
  const optimizer = settings.optimizer === 'adam' ? new Adam(parameters, { lr }) : new SGD(parameters, { lr, momentum: 0.5 })
  const loader = makeLoader(data.train, dataSets[settings.data], { batchSize, limit, shuffleSeed: seed })
  const testLoader = makeLoader(data.test, dataSets[settings.data], { batchSize: 250, limit, shuffleSeed: null })
  const schedule = presets[settings.preset].schedule === 'cosine' ? new CosineAnnealingLR(optimizer, epochs * loader.length) : null
  const parts: CheckpointParts = { model, optimizer, schedule, generator: defaultGenerator() }
  checkpoint?.restore(parts)

  const trainStep = jit((images: Tensor, labels: Tensor): Tensor => {
    optimizer.zeroGrad()
    const loss = crossEntropy(model.forward(images), labels)
    backward(loss)
    optimizer.step()
    return loss
  })
  const testStep = jit((images: Tensor, labels: Tensor): { loss: Tensor; accuracy: Tensor } => {
    const logits = model.forward(images)
    return { loss: crossEntropy(logits, labels), accuracy: accuracy(logits, labels) }
  })

  report.begin(model, loader, testLoader, checkpoint?.position ?? null)
  const save = (position: Position): Promise<void> => saveCheckpoint(report.checkpointFile, parts, { position, settings })
  const reached = await fit({
    loader,
    epochs,
    ...(checkpoint && { start: checkpoint.position }),
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
      const result = await evaluate({ loader: testLoader, signal, step: ({ images, labels }) => testStep(images, labels) })
      model.train()
      if (result) await report.epoch(position.epoch, result)
    },
  })
  if (signal.aborted) await save(reached)
  return { model, reached }
}
