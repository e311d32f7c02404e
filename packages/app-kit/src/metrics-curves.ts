/** A run's metrics as curves. */
import type { Chart, Point, Position } from '@tenon/train'
import type { MetricsRecord } from '@tenon/train/node'

export interface MetricsCurves {
  /** What the run is counted in. */
  readonly xLabel: 'epochs' | 'iterations'
  /** A value of all records of a kind: those of 'train' where their step ended, others where their epoch did. */
  readonly points: (kind: string, value: string) => Point[]
}

/** @param end how far along the run a position is */
export const metricsCurves = (
  records: readonly MetricsRecord[],
  xLabel: MetricsCurves['xLabel'],
  end: (position: Position | { readonly epoch: number }) => number,
): MetricsCurves => ({
  xLabel,
  points: (kind, value) =>
    records
      .filter((record) => record['kind'] === kind)
      .map((record) => {
        const epoch = Number(record['epoch'])
        return [end('step' in record ? { epoch, step: Number(record['step']) } : { epoch }), Number(record[value])]
      }),
})

/** Three digits: 0.0273 */
const threeDigits = (value: number): string => String(Number(value.toPrecision(3)))

/** The losses of training and of `evaluation`, 'test' or 'validation'. */
export const lossChart = ({ xLabel, points }: MetricsCurves, evaluation: string): Chart => ({
  title: 'Loss',
  xLabel,
  log: true,
  format: threeDigits,
  curves: [
    { name: 'train', points: points('train', 'loss') },
    { name: evaluation, points: points(evaluation, 'loss'), dots: true },
  ],
})
