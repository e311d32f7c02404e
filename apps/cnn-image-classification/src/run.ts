/** The two commands, from their options to their last line. */
import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import type { FetchProgress } from '@tenon/datasets/node'
import { createBackend, registerBackend, softmax, tensor, useBackend } from '@tenon/tensor'
import { FileError } from '@tenon/train'
import { loadCheckpoint } from '@tenon/train/node'
import { type Data, dataSets } from './data.ts'
import { UsageError } from './errors.ts'
import { imageSide, prepareImage } from './image.ts'
import { presets } from './model.ts'
import type { BackendName, DataName, PredictOptions, TrainOptions } from './options.ts'
import { readPng } from './png.ts'
import { count } from './report.ts'
import { files, writeMistakes } from './results.ts'
import { newSettings, resumedSettings, type Settings } from './settings.ts'
import { train } from './train.ts'

/** What a command has from outside. Tests bring their own. */
export interface World {
  readonly out: NodeJS.WriteStream
  readonly err: NodeJS.WriteStream
  readonly loadData: (name: DataName, out: NodeJS.WriteStream) => Promise<Data>
  /** From now on an interruption aborts the signal, until `release`. */
  readonly catchInterrupts: () => { readonly signal: AbortSignal; readonly release: () => void }
}

/** Exit code of a program that was stopped by Ctrl-C. */
const interrupted = 130

const chooseBackend = async (name: BackendName): Promise<void> => {
  registerBackend('cpu', cpu)
  registerBackend('wasm', wasm)
  await useBackend(createBackend(name))
}

/** Both parts of a data set; says what is fetched and from where, if it has to be. */
export const loadData: World['loadData'] = async (name, out) => {
  const onProgress = onFetch(out)
  const load = dataSets[name].load
  const train = await load({ train: true, onProgress })
  return { train, test: await load({ train: false }) }
}

const onFetch = (out: NodeJS.WriteStream): ((progress: FetchProgress) => void) => {
  let phase = ''
  return (progress) => {
    if (progress.phase === phase) return
    phase = progress.phase
    const { dataset, total, source, licence, folder } = progress
    if (phase === 'download') out.write(`Fetching ${dataset}, ${(total / 1e6).toFixed(1)} MB, from ${source} (${licence})\n`)
    if (phase === 'done') out.write(`It is kept in ${folder}\n\n`)
  }
}

/** Where a run leaves its results: a folder of its own, or that of the checkpoint that it goes on from. */
const chooseFolder = (options: TrainOptions, { data, preset }: Settings): string => {
  if (options.resume !== undefined) return dirname(options.resume)
  const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')
  const folder = join('runs', options.name ?? `${data}-${preset}-${time}`)
  const { checkpoint } = files(folder)
  if (!existsSync(checkpoint)) return folder
  throw new UsageError(`${folder} holds a run already; choose another --name, or go on with --resume ${checkpoint}`)
}

export const runTrain = async (options: TrainOptions, { out, loadData, catchInterrupts }: World): Promise<number> => {
  const checkpoint = options.resume === undefined ? null : await loadCheckpoint<Settings>(options.resume)
  const settings = checkpoint ? resumedSettings(options, checkpoint.settings, checkpoint.position.epoch + 1) : newSettings(options)
  const folder = chooseFolder(options, settings)
  await chooseBackend(options.backend)
  const data = await loadData(settings.data, out)
  const { signal, release } = catchInterrupts()
  const run = await train(settings, { folder, data, checkpoint, out, signal }).finally(release)

  const place = relative('.', folder)
  const saved = files(place)
  if (signal.aborted) {
    const { epoch, step } = run.reached
    out.write(`\nStopped in epoch ${epoch} after ${step} of ${run.loader.length} steps. To go on: --resume ${saved.checkpoint}\n`)
    return interrupted
  }
  const wrong = await writeMistakes(run, data.test)
  const all = run.testLoader.dataset.length
  out.write(
    `${(100 * (1 - wrong / all)).toFixed(2)} % of ${count(all)} test images right; ${run.summary}\n` +
      `  model and optimizer   ${saved.checkpoint}\n` +
      `  metrics               ${saved.metrics}\n` +
      `  curves                ${saved.curves}\n` +
      `  worst mistakes        ${saved.mistakes}\n` +
      `To classify a picture: predict --checkpoint ${saved.checkpoint} IMAGE.png\n`,
  )
  return 0
}

interface Prediction {
  readonly file: string
  readonly said: string
  readonly confidence: number
}

export const runPredict = async ({ checkpoint: file, backend, images }: PredictOptions, { out, err }: World): Promise<number> => {
  const checkpoint = await loadCheckpoint<Settings>(file)
  await chooseBackend(backend)
  const { data, preset } = checkpoint.settings
  const { classes, mean, std, placement } = dataSets[data]
  const model = presets[preset].build().eval()
  checkpoint.restore({ model })

  const predictions: Prediction[] = []
  for (const image of images) {
    try {
      const pixels = prepareImage(await readPng(image), placement)
      if (!pixels) throw new UsageError(`${image} is of one colour: there is nothing on it`)
      const input = tensor(pixels, [1, 1, imageSide, imageSide]).sub(mean).div(std)
      const probabilities = Array.from(await softmax(model.forward(input), 1).data())
      const confidence = Math.max(...probabilities)
      predictions.push({ file: image, said: classes[probabilities.indexOf(confidence)]!, confidence })
    } catch (error) {
      if (!(error instanceof UsageError || error instanceof FileError)) throw error
      err.write(`error: ${error.message}\n`)
    }
  }
  if (predictions.length > 0) out.write(formatPredictions(predictions, data === 'mnist' ? 'digit' : 'class'))
  return predictions.length === images.length ? 0 : 1
}

const formatPredictions = (predictions: readonly Prediction[], title: string): string => {
  const rows = [
    ['file', title, 'confidence'],
    ...predictions.map(({ file, said, confidence }) => [file, said, `${(confidence * 100).toFixed(1)} %`]),
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(([file, said, confidence]) => `${file!.padEnd(widths[0]!)}  ${said!.padEnd(widths[1]!)}  ${confidence!.padStart(widths[2]!)}\n`)
    .join('')
}
