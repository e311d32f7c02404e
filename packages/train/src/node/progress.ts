/** A progress bar with rate, time left and a note; lines can be printed above it. */
import type { WriteStream } from 'node:tty'
import cliProgress from 'cli-progress'

/** Options of `Progress`. */
export interface ProgressOptions {
  readonly total: number
  /** Where a resumed count begins: what was done before does not count for the rate. */
  readonly start?: number
  /** What is counted: 'images'. */
  readonly unit: string
  readonly stream?: NodeJS.WriteStream
}

/** Rates are means over this long, in seconds: steady enough to read, quick enough to follow. */
const rateWindow = 10

/** Draws only on a terminal. Elsewhere only `line` shows: no bar, no control characters. */
export class Progress {
  private readonly stream: NodeJS.WriteStream
  private readonly bar: cliProgress.SingleBar | null
  private readonly marks: [seconds: number, done: number][]
  private readonly total: number
  private shown: [done: number, payload: Readonly<Record<'rate' | 'left' | 'note', string>>]

  constructor({ total, start = 0, unit, stream = process.stdout }: ProgressOptions) {
    this.stream = stream
    this.total = total
    this.marks = [[performance.now() / 1000, start]]
    this.bar = isTerminal(stream)
      ? new cliProgress.SingleBar({
          stream,
          format: `{bar} {percentage}%  {rate} ${unit}/s  {left} left  {note}`,
          barsize: 24,
          barCompleteChar: '━',
          barIncompleteChar: '─',
          hideCursor: true,
          clearOnComplete: true,
          stopOnComplete: false,
          gracefulExit: false, // The caller's signal handler saves first.
        })
      : null
    this.shown = [start, { rate: '–', left: '–', note: '' }]
    this.bar?.start(total, ...this.shown)
    // The bar hides the cursor, and whoever ends the process in the middle of it wants it back.
    if (this.bar) process.once('exit', this.stop)
  }

  update(done: number, note = ''): void {
    const now = performance.now() / 1000
    this.marks.push([now, done])
    while (this.marks.length > 2 && this.marks[0]![0] < now - rateWindow) this.marks.shift()
    const [seconds, first] = this.marks[0]!
    const rate = (done - first) / (now - seconds)
    const left = rate > 0 ? formatDuration((this.total - done) / rate) : '–'
    this.shown = [done, { rate: Number.isFinite(rate) ? Math.round(rate).toLocaleString('en') : '–', left, note }]
    this.bar?.update(...this.shown)
  }

  /** Prints a line of its own; the bar moves below it. */
  line(text: string): void {
    // A bar remembers the row that it began in, so it ends there and begins again further down.
    this.bar?.stop()
    this.stream.write(`${text}\n`)
    this.bar?.start(this.total, ...this.shown)
  }

  /** Takes the bar away. */
  readonly stop = (): void => {
    process.off('exit', this.stop)
    this.bar?.stop()
  }
}

const isTerminal = (stream: NodeJS.WriteStream | WriteStream): boolean => stream.isTTY === true && process.env['TERM'] !== 'dumb'

/** 75 → '1 m 15 s' */
export const formatDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  if (h > 0) return `${h} h ${m} m`
  return m > 0 ? `${m} m ${s} s` : `${s} s`
}
