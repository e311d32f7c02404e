/** The files that a run leaves in its folder. */
import { join } from 'node:path'
import type { ImageDataset } from '@tenon/datasets'
import type { Sequential } from '@tenon/nn'
import { softmax } from '@tenon/tensor'
import { type Point, plotCurves } from '@tenon/train'
import { type MetricsRecord, readMetrics, writeFileAtomic } from '@tenon/train/node'
import { dataSets, type ImageLoader } from './data.ts'
import { drawMistakes, type Mistake } from './mistakes.ts'
import type { Settings } from './settings.ts'

/** Everything about a run that does not change while it goes on. */
export interface Run {
  readonly settings: Settings
  readonly folder: string
  readonly model: Sequential
  readonly loader: ImageLoader
  readonly testLoader: ImageLoader
}

export interface TestResult {
  readonly loss: number
  readonly accuracy: number
}

export interface RunFiles {
  readonly checkpoint: string
  readonly metrics: string
  readonly curves: string
  readonly mistakes: string
}

export const files = (folder: string): RunFiles => ({
  checkpoint: join(folder, 'checkpoint.safetensors'),
  metrics: join(folder, 'metrics.jsonl'),
  curves: join(folder, 'curves.svg'),
  mistakes: join(folder, 'mistakes.svg'),
})

/** Draws the curves from the metrics, those of the run's earlier parts included. */
export const writeCurves = async ({ folder, loader }: Run): Promise<void> => {
  const records = readMetrics(files(folder).metrics)
  const points = (kind: string, x: (record: MetricsRecord) => number, y: string): Point[] =>
    records.filter((record) => record['kind'] === kind).map((record) => [x(record), Number(record[y])])
  const stepEnd = ({ epoch, step }: MetricsRecord): number => Number(epoch) + Number(step) / loader.length
  const epochEnd = ({ epoch }: MetricsRecord): number => Number(epoch) + 1
  const loss = {
    title: 'Loss',
    xLabel: 'epochs',
    log: true,
    format: (value: number) => String(Number(value.toPrecision(3))),
    curves: [
      { name: 'train', points: points('train', stepEnd, 'loss') },
      { name: 'test', points: points('test', epochEnd, 'loss'), dots: true },
    ],
  }
  const accuracy = {
    title: 'Test accuracy',
    xLabel: 'epochs',
    format: (value: number) => `${Number((value * 100).toFixed(2))} %`,
    curves: [{ name: 'test', points: points('test', epochEnd, 'accuracy'), dots: true }],
  }
  await writeFileAtomic(files(folder).curves, plotCurves([loss, accuracy]))
}

const shownMistakes = 40

/** Draws the test images that the model gives the least probability to. Returns how many it gets wrong. */
export const writeMistakes = async ({ settings, folder, model, testLoader }: Run, test: ImageDataset): Promise<number> => {
  const { classes, title } = dataSets[settings.data]
  const mistakes: (Mistake & { readonly truthProbability: number })[] = []
  let index = 0
  for await (const { images, labels } of testLoader.iterate()) {
    const [probabilities, truths] = [await softmax(model.forward(images), 1).data(), await labels.data()]
    for (const [row, truth] of truths.entries()) {
      const own = Array.from(probabilities.subarray(row * classes.length, (row + 1) * classes.length))
      const said = own.indexOf(Math.max(...own))
      const pixels = test.columns.images.data.subarray(index * 784, (index + 1) * 784) as Uint8Array
      index++
      if (said === truth) continue
      mistakes.push({
        pixels,
        truth: classes[truth]!,
        said: classes[said]!,
        confidence: own[said]!,
        truthProbability: own[truth]!,
      })
    }
  }
  mistakes.sort((a, b) => a.truthProbability - b.truthProbability)
  const shown = mistakes.slice(0, shownMistakes)
  const heading = `${title}: the ${shown.length} worst of ${mistakes.length} mistakes on ${index.toLocaleString('en')} test images`
  await writeFileAtomic(files(folder).mistakes, drawMistakes(shown, heading))
  return mistakes.length
}
