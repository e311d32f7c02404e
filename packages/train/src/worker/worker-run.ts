/**
 * How a run in a worker leaves room for the page. A worker hears nothing while its code runs, and a loop of steps that waits only for
 * promises never lets it: so between any two batches the run gives way to the messages that have come, and goes on when they are answered.
 */
import type { Batch } from '@tenon/datasets'
import type { BatchSource } from '../fit.ts'

export interface PacedBatches<B extends Batch> extends BatchSource<B> {
  /** Batches a second of late, without pauses and the time that requests took. NaN before the first. */
  readonly rate: number
}

/** How a run in a worker keeps in touch with the page. */
export interface WorkerRun<Report> {
  /** Aborted when the page stops the run. */
  readonly signal: AbortSignal
  /** Sends something to the page. Reports travel together, some twenty times a second. */
  report(report: Report): void
  /**
   * The same batches, with the page's messages heard before each: here a run is paused and stopped.
   *
   * @param between waited for between any two batches, and not counted in `rate`: for a look at the test set in the middle of an epoch
   */
  paced<B extends Batch>(source: BatchSource<B>, between?: () => Promise<void> | void): PacedBatches<B>
}

const reportEvery = 50

/** Steps and requests one at a time, in the order in which they came. */
export class Lock {
  #last: Promise<void> = Promise.resolve()

  /** Waits for its turn, and gives what ends it. */
  async take(): Promise<() => void> {
    const before = this.#last
    let release = (): void => {}
    this.#last = new Promise((resolve) => (release = resolve))
    await before
    return release
  }
}

export class Run implements WorkerRun<unknown> {
  readonly #controller = new AbortController()
  readonly #channel = new MessageChannel()
  readonly #lock: Lock
  readonly #send: (reports: readonly unknown[]) => void
  #release = (): void => {}
  #reports: unknown[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #paused = false
  /** Ends the wait of a run that is held by a pause. */
  #wake = (): void => {}

  constructor(lock: Lock, send: (reports: readonly unknown[]) => void) {
    this.#lock = lock
    this.#send = send
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#wake()
  }

  stop(): void {
    this.#controller.abort()
    this.resume()
  }

  async train(body: (run: this) => Promise<unknown>): Promise<unknown> {
    this.#release = await this.#lock.take()
    try {
      return await body(this)
    } finally {
      this.#flush()
      this.#channel.port1.close()
      this.#release()
    }
  }

  report(report: unknown): void {
    this.#reports.push(report)
    this.#timer ??= setTimeout(() => this.#flush(), reportEvery)
  }

  paced<B extends Batch>(source: BatchSource<B>, between?: () => Promise<void> | void): PacedBatches<B> {
    const turn = (): Promise<void> => this.#turn()
    const { signal } = this
    // Sums that forget: what is a second old counts for 1/e.
    let [batches, time] = [0, 0]
    return {
      length: source.length,
      get rate() {
        return (1000 * batches) / time
      },
      async *iterate(from) {
        await turn()
        if (signal.aborted) return
        let began = performance.now()
        for await (const batch of source.iterate(from)) {
          yield batch
          const elapsed = performance.now() - began
          const kept = Math.exp(-elapsed / 1000)
          batches = batches * kept + 1
          time = time * kept + elapsed
          await between?.()
          await turn()
          if (signal.aborted) return
          began = performance.now()
        }
      },
    }
  }

  /** Lets messages in, and comes back when they are answered and nobody wants a pause. */
  async #turn(): Promise<void> {
    this.#release()
    await this.#nextTask()
    this.#release = await this.#lock.take()
    while (this.#paused) {
      this.#release()
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#release = await this.#lock.take()
    }
  }

  /** A turn of the event loop. Browsers let a timer wait 4 ms, which is longer than many a step. */
  #nextTask(): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.port1.onmessage = () => resolve()
      this.#channel.port2.postMessage(null)
    })
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#reports.length > 0) this.#send(this.#reports)
    this.#reports = []
  }
}
