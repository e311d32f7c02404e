/** The page's side of a training run in a worker. */
import { RemoteError, WorkerError } from '../errors.ts'
import type { FromWorker, MessageEnd, ToWorker } from './messages.ts'
import type { TrainingService } from './serve-training.ts'

/** Options of `TrainingWorker`. */
export interface TrainingWorkerOptions<S extends TrainingService> {
  /** Told of everything that the run reports, in order. */
  readonly onReport?: (report: ReportOf<S>) => void
  /** Told when the worker is lost, unless the page ended it. What is unanswered then is rejected in any case. */
  readonly onDeath?: (error: WorkerError) => void
}

type ReportOf<S extends TrainingService> = Parameters<Parameters<S['start']>[1]['report']>[0]

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

/**
 * A worker whose code calls `serveTraining`.
 *
 *     const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
 *     const training = new TrainingWorker<DigitService>(worker, { onReport: ({ step, loss }) => draw(step, loss) })
 *     const reached = await training.start({ epochs: 2 })
 *
 * What fails in the worker rejects with a `RemoteError`, which has the name and the message of the error there; a worker that dies rejects all
 * that is unanswered with a `WorkerError`.
 */
export class TrainingWorker<S extends TrainingService> {
  readonly #worker: MessageEnd & { terminate?(): void }
  readonly #options: TrainingWorkerOptions<S>
  readonly #waiting = new Map<number, Waiting>()
  #calls = 0
  #lost: WorkerError | null = null

  /** @param worker a Worker, or a MessagePort that was started */
  constructor(worker: MessageEnd & { terminate?(): void }, options: TrainingWorkerOptions<S> = {}) {
    this.#worker = worker
    this.#options = options
    worker.addEventListener('message', (event) => this.#onMessage((event as MessageEvent<FromWorker>).data))
    worker.addEventListener('messageerror', () => this.#die('it sent a message that cannot be read'))
    // A script that does not load gives an event that says nothing.
    worker.addEventListener('error', (event) => {
      const { message } = event as ErrorEvent
      this.#die(message ? `nothing caught an error in it: ${message}` : 'its script could not be loaded')
    })
  }

  /** Begins a run; settled when it is over. A worker has one at a time. */
  start(options: Parameters<S['start']>[0]): Promise<Awaited<ReturnType<S['start']>>> {
    return this.#call('start', [options])
  }

  /** Asks for one of the service's requests. In the middle of a run it is answered between two batches. */
  request<N extends string & keyof S['requests']>(
    name: N,
    ...args: Parameters<S['requests'][N]>
  ): Promise<Awaited<ReturnType<S['requests'][N]>>> {
    return this.#call(name, args)
  }

  /** Holds the run before its next batch. Requests are still answered. */
  pause(): void {
    this.#post({ control: 'pause' })
  }

  resume(): void {
    this.#post({ control: 'resume' })
  }

  /** Ends the run before its next batch: `start` then gives what was reached. */
  stop(): void {
    this.#post({ control: 'stop' })
  }

  /** Ends the worker at once, wherever it is. */
  terminate(): void {
    this.#end(new WorkerError('the training worker was ended by its page before it could answer'))
  }

  #call<T>(name: string, args: readonly unknown[]): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(this.#lost)
      const id = this.#calls++
      this.#post({ call: { id, name, args } })
      this.#waiting.set(id, { resolve, reject })
    })
  }

  #post(message: ToWorker): void {
    if (!this.#lost) this.#worker.postMessage(message)
  }

  #onMessage(message: FromWorker): void {
    if (this.#lost) return
    if ('reports' in message) {
      for (const report of message.reports) this.#options.onReport?.(report as ReportOf<S>)
    } else if ('lifeLock' in message) {
      void navigator.locks.request(message.lifeLock, () => this.#die('it ended without a word; its memory may have run out'))
    } else {
      const { resolve, reject } = this.#waiting.get(message.id)!
      this.#waiting.delete(message.id)
      if ('error' in message) reject(new RemoteError(message.error))
      else resolve(message.result as never)
    }
  }

  #die(why: string): void {
    if (this.#lost) return
    const error = new WorkerError(`the training worker died: ${why}. Make a new worker to go on`)
    this.#end(error)
    this.#options.onDeath?.(error)
  }

  #end(error: WorkerError): void {
    this.#lost ??= error
    this.#worker.terminate?.()
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
