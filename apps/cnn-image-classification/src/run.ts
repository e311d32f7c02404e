/** The two commands, from their options to their last line. */
import { dirname, join } from 'node:path'
import { chooseBackend, prepareRun, printNotes, resumedSettings, UsageError, type World, withCommas } from '@tenon/app-kit'
import { softmax, tensor } from '@tenon/tensor'
import { FileError } from '@tenon/train'
import { loadCheckpoint } from '@tenon/train/node'
import { dataSets, type loadData } from './data.ts'
import { imageSide, prepareImage } from './image.ts'
import { writeMistakes } from './mistakes.ts'
import { presets } from './model.ts'
import type { PredictOptions, TrainOptions } from './options.ts'
import { readPng } from './png.ts'
import { newSettings, type Settings } from './settings.ts'
import { train } from './train.ts'

/** What a command has from outside. Tests bring their own. */
export interface AppWorld extends World {
  readonly loadData: typeof loadData
}

export const runTrain = async (options: TrainOptions, { out, loadData, catchInterrupts }: AppWorld): Promise<number> => {
  const { settings, checkpoint, folder } = await prepareRun<Settings>(options, {
    settings: (checkpoint) =>
      checkpoint ? resumedSettings(options, checkpoint.settings, 'epochs', checkpoint.position.epoch + 1) : newSettings(options),
    name: ({ data, preset }) => `${data}-${preset}`,
  })
  const data = await loadData(settings.data, out)
  const { signal, release } = catchInterrupts()
  const { run, model, testLoader } = await train(settings, { folder, data, checkpoint, out, signal }).finally(release)
  if (signal.aborted) return run.stopped()

  const wrong = await writeMistakes(join(folder, 'mistakes.svg'), model, testLoader, data.test, dataSets[settings.data])
  const all = testLoader.numSamples
  out.write(
    `${(100 * (1 - wrong / all)).toFixed(2)} % of ${withCommas(all)} test images right; ${run.summary()}\n` +
      run.describeFiles({ 'worst mistakes': join(dirname(run.files.checkpoint), 'mistakes.svg') }) +
      `To classify a picture: predict --checkpoint ${run.files.checkpoint} IMAGE.png\n`,
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
  printNotes(err)
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
