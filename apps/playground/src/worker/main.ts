/** What the page's worker does: it holds the model, trains it, and answers the page in between. */
import type { Backend } from '@tenon/kernel'
import { currentBackend, tensor, useBackend } from '@tenon/tensor'
import { decodeCheckpoint, encodeCheckpoint, evaluate, fit, serveTraining } from '@tenon/train'
import { makeLoader, preparations } from 'cnn-image-classification/preparation'
import type { Settings } from 'cnn-image-classification/settings'
import { makeBackend, tryBackends } from './backends.ts'
import { loadDigits } from './data.ts'
import { type Learner, makeLearner, moveTo } from './model.ts'
import type { PlaygroundService, StartOptions } from './protocol.ts'

const digits = preparations.mnist
/** Images of the test set that an evaluation looks at, and steps from one evaluation to the next. */
const [heldOut, evaluateEvery] = [1000, 100]

let learner: Learner | null = null
/** Whether the learner was read from a file, and the next run goes on from there. */
let fromFile = false
/** The latest run: what was asked for, how far it came, and whether it is under way. */
const latest = { options: { images: 60_000, epochs: 2, batchSize: 64 } as StartOptions, stepsPerEpoch: 1, steps: 0, running: false }
/** Backends that the run has left, each with the last step that was taken there: its loss may not have been read yet. */
let left: { readonly backend: Backend; readonly lastStep: number }[] = []

const disposeLeft = (readSteps: number): void => {
  for (const { backend, lastStep } of left) if (lastStep < readSteps) backend.dispose()
  left = left.filter(({ lastStep }) => lastStep >= readSteps)
}

const start: PlaygroundService['start'] = async (options, run) => {
  const { train, test } = await loadDigits((progress) => run.report({ kind: 'data', ...progress }))
  if (!fromFile) learner = makeLearner(1)
  fromFile = false
  const { images, batchSize, epochs } = options
  // Batches are made when they are due and not ahead of it: the backend may be another one by then.
  const loader = makeLoader(train, digits, { batchSize, limit: Math.min(images, train.length), shuffleSeed: 1, prefetch: 0 })
  const testLoader = makeLoader(test, digits, { batchSize: 100, limit: Math.min(heldOut, test.length), shuffleSeed: null, prefetch: 0 })
  const stepsPerEpoch = loader.length
  Object.assign(latest, { options, stepsPerEpoch, steps: 0, running: true })
  run.report({ kind: 'begin', steps: epochs * stepsPerEpoch, stepsPerEpoch, heldOut: testLoader.numSamples })

  const look = async (): Promise<void> => {
    const step = latest.steps
    const result = await evaluate({
      loader: run.paced(testLoader),
      signal: run.signal,
      step: ({ images, labels }) => learner!.testStep(images, labels),
    })
    if (result) run.report({ kind: 'evaluation', step, ...result })
  }
  const batches = run.paced(loader, () => (latest.steps % evaluateEvery === 0 ? look() : undefined))
  try {
    await fit({
      loader: batches,
      epochs,
      signal: run.signal,
      step: ({ images, labels }) => {
        latest.steps++
        return learner!.trainStep(images, labels)
      },
      onStep: ({ epoch, step: inEpoch, loss }) => {
        const step = epoch * stepsPerEpoch + inEpoch
        disposeLeft(step)
        run.report({ kind: 'step', step, loss, rate: batches.rate * batchSize })
      },
      onEpoch: look,
    })
  } finally {
    latest.running = false
    disposeLeft(Infinity)
  }
}

const requests: PlaygroundService['requests'] = {
  backends: tryBackends,

  use: async (id) => {
    const backend = await makeBackend(id)
    const before = currentBackend()
    if (learner) await moveTo(backend, learner)
    else await useBackend(backend)
    left.push({ backend: before, lastStep: latest.running ? latest.steps : -1 })
    disposeLeft(0)
    return backend.report().notes
  },

  classify: async (pixels) => {
    if (!learner) return null
    const scaled = pixels.map((value) => (value - digits.mean) / digits.std)
    return (await learner.classify(tensor(scaled, [1, 1, 28, 28])).data()) as Float32Array
  },

  sample: async () => {
    const { test } = await loadDigits()
    const { images, labels } = test.get(Math.floor(Math.random() * test.length))
    return { pixels: Float32Array.from(images.data, (value) => value / 255), label: labels.data[0]! }
  },

  save: async () => {
    if (!learner) return null
    const { steps, stepsPerEpoch, options } = latest
    const { epochs, batchSize, images: limit } = options
    const { model, optimizer } = learner
    const settings: Settings = { data: 'mnist', preset: 'small', epochs, batchSize, optimizer: 'adam', lr: optimizer.lr, seed: 1, limit }
    const position = { epoch: Math.floor(steps / stepsPerEpoch), step: steps % stepsPerEpoch }
    return await encodeCheckpoint({ model, optimizer }, { position, settings })
  },

  load: async (bytes, name) => {
    const checkpoint = await decodeCheckpoint(bytes, name)
    const loaded = makeLearner(1)
    checkpoint.restore({ model: loaded.model })
    learner = loaded
    fromFile = !latest.running
  },
}

serveTraining<PlaygroundService>({ start, requests })
