/** What a person sees while a run goes on: its first lines, the progress bar and the lines above it. */
import { relative } from 'node:path'
import { currentBackend } from '@tenon/tensor'
import { type Position, RunningMean, type StepReport } from '@tenon/train'
import { formatDuration, MetricsLog, Progress } from '@tenon/train/node'
import { dataSets } from './data.ts'
import { presets } from './model.ts'
import { files, type Run, type TestResult, writeCurves } from './results.ts'

/** Steps between lines; fewer where an epoch has fewer than five times as many. */
const lineEvery = 100

export const count = (value: number): string => value.toLocaleString('en')

/** Follows a run on `out`, and keeps its metrics. */
export class Report {
  private readonly run: Run
  private readonly log: MetricsLog
  private readonly progress: Progress
  private readonly recent = new RunningMean()
  private readonly began = performance.now()
  private steps = 0

  private constructor(run: Run, start: Position, out: NodeJS.WriteStream, log: MetricsLog) {
    this.run = run
    this.log = log
    const total = run.settings.epochs * run.loader.dataset.length
    this.progress = new Progress({ total, start: this.imagesUntil(start), unit: 'images', stream: out })
  }

  /** Prints the first lines. Metrics of steps after `start` are forgotten: they will be taken again. */
  static async open(run: Run, start: Position, out: NodeJS.WriteStream): Promise<Report> {
    const log = await MetricsLog.open(files(run.folder).metrics, ({ kind, epoch, step }) => {
      const before = Number(epoch) < start.epoch
      return before || (kind === 'train' && epoch === start.epoch && Number(step) <= start.step)
    })
    out.write(`${describe(run, start)}\n\n`)
    return new Report(run, start, out, log)
  }

  step({ epoch, step, loss }: StepReport): void {
    const { loader } = this.run
    this.steps++
    this.log.add({ kind: 'train', epoch, step, loss })
    this.recent.add(loss)
    this.progress.update(this.imagesUntil({ epoch, step }), `epoch ${epoch}  loss ${loss.toFixed(4)}`)
    if (step % Math.min(lineEvery, Math.ceil(loader.length / 5)) === 0) {
      const [done, all] = [Math.min(step * loader.batchSize, loader.dataset.length), loader.dataset.length]
      this.progress.line(
        `Train Epoch: ${epoch} [${done}/${all} (${Math.round((100 * done) / all)}%)]  Loss: ${this.recent.value.toFixed(6)}`,
      )
      this.recent.reset()
      this.log.flush()
    }
  }

  async epoch(epoch: number, { loss, accuracy }: TestResult): Promise<void> {
    const all = this.run.testLoader.dataset.length
    const right = Math.round(accuracy * all)
    this.progress.line(`Test set: Average loss: ${loss.toFixed(4)}, Accuracy: ${right}/${all} (${((100 * right) / all).toFixed(2)}%)\n`)
    this.log.add({ kind: 'test', epoch, loss, accuracy: right / all, right, images: all })
    this.log.flush()
    await writeCurves(this.run)
  }

  /** Takes the bar away; whatever was not yet written to the metrics is. */
  stop(): void {
    this.progress.stop()
    this.log.flush()
  }

  /** How fast it went since the beginning, tests included. */
  summary(): string {
    const seconds = (performance.now() - this.began) / 1000
    const images = this.steps * this.run.settings.batchSize
    return `${seconds < 60 ? `${seconds.toFixed(1)} s` : formatDuration(seconds)}, ${count(Math.round(images / seconds))} images/s`
  }

  private imagesUntil({ epoch, step }: Position): number {
    const { loader } = this.run
    return epoch * loader.dataset.length + Math.min(step * loader.batchSize, loader.dataset.length)
  }
}

const describe = ({ settings, folder, model, loader, testLoader }: Run, start: Position): string => {
  const { data, preset, epochs, batchSize, optimizer, lr, seed } = settings
  const parameters = model.parameters().reduce((sum, { size }) => sum + size, 0)
  const falling = presets[preset].schedule === 'cosine' ? 'falling to 0' : 'throughout'
  const rows = [
    [
      'data',
      `${dataSets[data].title}: ${count(loader.dataset.length)} images to train on, ${count(testLoader.dataset.length)} to test with`,
    ],
    ['model', `${preset}, ${count(parameters)} parameters: ${presets[preset].summary}`],
    ['backend', ...describeBackend()],
    ['training', `${epochs} epochs, batches of ${batchSize}, ${optimizer}, learning rate ${lr} ${falling}, seed ${seed}`],
    ['results', `${relative('.', folder) || '.'}/`],
    ...(start.epoch + start.step > 0 ? [['resumed', `in epoch ${start.epoch} after ${start.step} of ${loader.length} steps`]] : []),
  ]
  return rows.flatMap(([title, ...lines]) => lines.map((line, i) => `${(i === 0 ? title! : '').padEnd(10)}${line}`)).join('\n')
}

/** What really runs, then what runs otherwise than asked. */
const describeBackend = (): string[] => {
  const { backend, details, notes } = currentBackend().report()
  const facts = ['simd', 'threads'].filter((name) => name in details).map((name) => `${name} ${details[name]}`)
  return [`${backend}: ${facts.join(', ')}`, ...notes]
}
