/** A training run as a person follows it: its first lines, the progress, the files that it leaves. The loop is `fit`'s. */
import { relative } from 'node:path'
import type { Batch } from '@tenon/datasets'
import type { Tensor } from '@tenon/tensor'
import {
  type BatchSource,
  type Chart,
  type Checkpoint,
  type CheckpointParts,
  fit,
  type Json,
  type Position,
  plotCurves,
  RunningMean,
  type StepReport,
} from '@tenon/train'
import { formatDuration, MetricsLog, type MetricsRecord, Progress, readMetrics, saveCheckpoint, writeFileAtomic } from '@tenon/train/node'
import { backendNotes, describeBackend } from './backends.ts'
import { type RunFiles, runFiles } from './folder.ts'
import { lossChart, type MetricsCurves, metricsCurves } from './metrics-curves.ts'
import { factTable, withCommas } from './wording.ts'
import { interrupted } from './world.ts'

/** What a run is counted in. One that is counted in iterations has epochs too: from one look at the result to the next. */
export type RunLength = { readonly epochs: number } | { readonly iters: number }

/** `DataLoader` is one. */
export interface TrainingBatches<B extends Batch> extends BatchSource<B> {
  readonly batchSize: number
  /** Examples in an epoch. */
  readonly numSamples: number
}

/** Where a run stands, for the line that says so. */
export interface LineReport extends Position {
  /** Mean since the last line. */
  readonly loss: number
  /** Examples of the epoch that are done, and all. */
  readonly done: number
  readonly all: number
  /** Steps of the whole run that are done, and all. */
  readonly iteration: number
  readonly iterations: number
}

export interface TrainingRunOptions<S extends Json, B extends Batch> {
  readonly settings: S
  readonly folder: string
  readonly length: RunLength
  readonly loader: TrainingBatches<B>
  readonly parts: CheckpointParts
  /** Put into `parts` before anything else happens. */
  readonly checkpoint: Checkpoint<S> | null
  /** The first lines: 'MNIST: 60,000 images', 'small, 206,922 parameters', '2 epochs, batches of 64'. */
  readonly facts: { readonly data: string; readonly model: string; readonly training: string }
  /** What the rate counts, and how many of them an example has. Default 1. */
  readonly unit: string
  readonly unitsPerSample?: number
  /** What the results of `evaluated` are called in the metrics and the curves. */
  readonly evaluation: 'test' | 'validation'
  /** The line about the training that is printed every hundred steps, or five times an epoch if that has fewer. */
  readonly line: (report: LineReport) => string
  /** Drawn beside the losses. */
  readonly charts?: (curves: MetricsCurves) => readonly Chart[]
  readonly out: NodeJS.WriteStream
  /** Stops the run after the running step; then it is saved. */
  readonly signal: AbortSignal
}

export interface TrainingSteps<B extends Batch> {
  /** One step of training on a batch, as in `fit`: forward, backward, update. Returns the loss. */
  readonly step: (batch: B) => Tensor
  /** After each epoch, when the run is saved: evaluate and call `evaluated`, print samples with `print`. */
  readonly onEpoch: (position: Position) => Promise<void>
}

/** Steps between lines; fewer where an epoch has fewer than five times as many. */
const lineEvery = 100

/** Follows a run on `out`, and keeps its checkpoint, metrics and curves. */
export class TrainingRun<S extends Json, B extends Batch> {
  /** The files that it leaves, as seen from where the user stands. */
  readonly files: RunFiles
  /** Where the run stands; at first where it begins. */
  reached: Position
  readonly #options: TrainingRunOptions<S, B>
  readonly #log: MetricsLog
  readonly #progress: Progress
  readonly #recent = new RunningMean()
  readonly #began = performance.now()
  readonly #noted = new Set<string>()
  #steps = 0

  private constructor(options: TrainingRunOptions<S, B>, start: Position, log: MetricsLog) {
    const { folder, unit, out } = options
    this.#options = options
    this.#log = log
    this.files = runFiles(relative('.', folder))
    this.reached = start
    out.write(`${this.#firstLines()}\n`)
    this.#progress = new Progress({ total: this.#unitsUntil(this.#end()), start: this.#unitsUntil(start), unit, stream: out })
  }

  /**
   * Restores the checkpoint and prints the first lines. Metrics of steps after it are forgotten: they will be taken again.
   *
   * @throws CheckpointError if it does not fit `parts`
   */
  static async open<S extends Json, B extends Batch>(options: TrainingRunOptions<S, B>): Promise<TrainingRun<S, B>> {
    const { checkpoint, folder, parts } = options
    checkpoint?.restore(parts)
    const start = checkpoint?.position ?? { epoch: 0, step: 0 }
    const log = await MetricsLog.open(runFiles(folder).metrics, ({ kind, epoch, step }) => {
      const before = Number(epoch) < start.epoch
      return before || (kind === 'train' && epoch === start.epoch && Number(step) <= start.step)
    })
    return new TrainingRun(options, start, log)
  }

  /** Trains to the end or to an interruption, and saves after each epoch and where it stops. */
  async fit({ step, onEpoch }: TrainingSteps<B>): Promise<void> {
    const { length, loader, signal } = this.#options
    try {
      this.reached = await fit({
        loader,
        ...('epochs' in length ? { epochs: length.epochs } : { steps: length.iters }),
        start: this.reached,
        signal,
        step,
        onStep: (report) => this.#onStep(report),
        onEpoch: async (position) => {
          await this.#save(position)
          await onEpoch(position)
          this.#newNotes().forEach((note) => this.print(note))
        },
      })
      if (signal.aborted) await this.#save(this.reached)
    } finally {
      this.#progress.stop()
      this.#log.flush()
    }
  }

  /** Prints text above the progress bar. */
  print(text: string): void {
    this.#progress.line(text)
  }

  /** Prints and keeps the result of an evaluation, and draws the curves again. */
  async evaluated({ epoch }: Position, result: MetricsRecord, line: string): Promise<void> {
    const { evaluation, charts, folder } = this.#options
    this.print(line)
    this.#log.add({ kind: evaluation, epoch, ...result })
    this.#log.flush()
    const files = runFiles(folder)
    const curves = this.#curves(readMetrics(files.metrics))
    await writeFileAtomic(files.curves, plotCurves([lossChart(curves, evaluation), ...(charts?.(curves) ?? [])]))
  }

  /** Says where the run was interrupted and how it goes on. Gives the exit code. */
  stopped(): number {
    this.#options.out.write(`\nStopped ${this.#where(this.reached)}. To go on: --resume ${this.files.checkpoint}\n`)
    return interrupted
  }

  /** How fast it went since the beginning, evaluations included: '34.5 s, 3,476 images/s' */
  summary(): string {
    const { loader, unit, unitsPerSample = 1 } = this.#options
    const seconds = (performance.now() - this.#began) / 1000
    const units = this.#steps * loader.batchSize * unitsPerSample
    const time = seconds < 60 ? `${seconds.toFixed(1)} s` : formatDuration(seconds)
    return `${time}, ${withCommas(Math.round(units / seconds))} ${unit}/s`
  }

  /** A line for each file that the run has left. @param more those of the app, by what is in them */
  describeFiles(more: Readonly<Record<string, string>> = {}): string {
    const { checkpoint, metrics, curves } = this.files
    return Object.entries({ 'model and optimizer': checkpoint, metrics, curves, ...more })
      .map(([title, file]) => `  ${title.padEnd(20)}  ${file}\n`)
      .join('')
  }

  /** What runs elsewhere than asked and has not been said: some of it is known only when a step has run. */
  #newNotes(): string[] {
    const notes = backendNotes().filter((note) => !this.#noted.has(note))
    for (const note of notes) this.#noted.add(note)
    return notes
  }

  #onStep({ epoch, step, loss }: StepReport): void {
    const { loader, line, length } = this.#options
    const iteration = epoch * loader.length + step
    this.#steps++
    this.#log.add({ kind: 'train', epoch, step, loss })
    this.#recent.add(loss)
    if (this.#steps === 1) this.#newNotes().forEach((note) => this.print(note))
    const place = 'epochs' in length ? `epoch ${epoch}` : `iteration ${withCommas(iteration)}`
    this.#progress.update(this.#unitsUntil({ epoch, step }), `${place}  loss ${loss.toFixed(4)}`)
    if (step % Math.min(lineEvery, Math.ceil(loader.length / 5)) !== 0) return
    const [done, all] = [Math.min(step * loader.batchSize, loader.numSamples), loader.numSamples]
    this.print(line({ epoch, step, loss: this.#recent.value, done, all, iteration, iterations: this.#totalSteps() }))
    this.#recent.reset()
    this.#log.flush()
  }

  #save(position: Position): Promise<void> {
    const { folder, parts, settings } = this.#options
    return saveCheckpoint(runFiles(folder).checkpoint, parts, { position, settings })
  }

  #firstLines(): string {
    const { facts, folder } = this.#options
    const resumed = this.reached.epoch + this.reached.step > 0
    return factTable([
      ['data', facts.data],
      ['model', facts.model],
      ['backend', describeBackend(), ...this.#newNotes()],
      ['training', facts.training],
      ['results', `${relative('.', folder) || '.'}/`],
      ...(resumed ? [['resumed', this.#where(this.reached)] as const] : []),
    ])
  }

  #where({ epoch, step }: Position): string {
    const { length, loader } = this.#options
    if ('epochs' in length) return `in epoch ${epoch} after ${step} of ${loader.length} steps`
    return `after ${withCommas(epoch * loader.length + step)} of ${withCommas(length.iters)} iterations`
  }

  #curves(records: readonly MetricsRecord[]): MetricsCurves {
    const { length, loader } = this.#options
    const steps = (position: Position | { readonly epoch: number }): number =>
      'step' in position
        ? position.epoch * loader.length + position.step
        : Math.min((position.epoch + 1) * loader.length, this.#totalSteps())
    if ('iters' in length) return metricsCurves(records, 'iterations', steps)
    return metricsCurves(records, 'epochs', (position) => steps(position) / loader.length)
  }

  #totalSteps(): number {
    const { length, loader } = this.#options
    return 'epochs' in length ? length.epochs * loader.length : length.iters
  }

  /** The position after the last step. */
  #end(): Position {
    const { loader } = this.#options
    const epoch = Math.max(0, Math.ceil(this.#totalSteps() / loader.length) - 1)
    return { epoch, step: this.#totalSteps() - epoch * loader.length }
  }

  #unitsUntil({ epoch, step }: Position): number {
    const { loader, unitsPerSample = 1 } = this.#options
    const samples = epoch * loader.numSamples + Math.min(step * loader.batchSize, loader.numSamples)
    return samples * unitsPerSample
  }
}
