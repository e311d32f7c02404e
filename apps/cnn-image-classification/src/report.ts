/** The lines and the chart of a run that are this app's own. */
import type { LineReport, MetricsCurves } from '@tenon/app-kit'
import type { Chart } from '@tenon/train'

export const trainLine = ({ epoch, done, all, loss }: LineReport): string =>
  `Train Epoch: ${epoch} [${done}/${all} (${Math.round((100 * done) / all)}%)]  Loss: ${loss.toFixed(6)}`

export const testLine = (loss: number, right: number, all: number): string =>
  `Test set: Average loss: ${loss.toFixed(4)}, Accuracy: ${right}/${all} (${((100 * right) / all).toFixed(2)}%)\n`

export const accuracyChart = ({ xLabel, points }: MetricsCurves): Chart[] => [
  {
    title: 'Test accuracy',
    xLabel,
    format: (value) => `${Number((value * 100).toFixed(2))} %`,
    curves: [{ name: 'test', points: points('test', 'accuracy'), dots: true }],
  },
]
