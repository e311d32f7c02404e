/** The worker's side of a training run: calls and their answers. */
import { WorkerError } from '../errors.ts'
import type { Call, ErrorParts, FromWorker, MessageEnd, ToWorker } from './messages.ts'
import { Lock, Run, type WorkerRun } from './worker-run.ts'

/** What a worker does for its page. The types of a service of yours come from what you write. */
export interface TrainingService {
  /** Trains to the end or until `run.signal` is aborted. */
  readonly start: (options: never, run: WorkerRun<never>) => Promise<unknown>
  /** What the page may ask for at any time. In the middle of a run it is answered between two batches. */
  readonly requests: Readonly<Record<string, (...args: never[]) => unknown>>
}

/**
 * Answers the page that made this worker with `new TrainingWorker`. Export the type of what this returns: it is all that the page has to know.
 *
 *     const service = serveTraining({ start: async ({ epochs }: Options, run: WorkerRun<StepReport>) => …, requests: { classify } })
 *     export type DigitService = typeof service
 *
 * @param port what the page is heard through. Default: the worker's own scope
 */
export const serveTraining = <const S extends TrainingService>(service: S, port: MessageEnd = globalThis as unknown as MessageEnd): S => {
  const lock = new Lock()
  let run: Run | null = null
  const post = (message: FromWorker): void => port.postMessage(message)

  const start = async (options: unknown): Promise<unknown> => {
    if (run) throw new WorkerError('a training run is under way in this worker; stop it before another is started')
    run = new Run(lock, (reports) => post({ reports }))
    try {
      return await run.train((held) => service.start(options as never, held as WorkerRun<never>))
    } finally {
      run = null
    }
  }
  const request = async ({ name, args }: Call): Promise<unknown> => {
    const handler = Object.hasOwn(service.requests, name) ? service.requests[name] : undefined
    if (!handler) throw new WorkerError(`this worker knows no request '${name}', only ${Object.keys(service.requests).join(', ')}`)
    const release = await lock.take()
    try {
      return await handler(...(args as never[]))
    } finally {
      release()
    }
  }
  const answer = async (call: Call): Promise<void> => {
    try {
      post({ id: call.id, result: await (call.name === 'start' ? start(call.args[0]) : request(call)) })
    } catch (error) {
      post({ id: call.id, error: partsOf(error) })
    }
  }
  port.addEventListener('message', (event) => {
    const { data } = event as MessageEvent<ToWorker>
    if ('control' in data) run?.[data.control]()
    else void answer(data.call)
  })
  // A worker that ends, for whatever reason, tells nobody: the page learns of it when it is granted this lock.
  if (port === (globalThis as unknown) && globalThis.navigator?.locks) {
    const lifeLock = `tenon-training-${crypto.randomUUID()}`
    void navigator.locks.request(lifeLock, () => {
      post({ lifeLock })
      return new Promise(() => {})
    })
  }
  return service
}

const partsOf = (error: unknown): ErrorParts =>
  error instanceof Error
    ? { name: error.name, message: error.message, stack: error.stack ?? '' }
    : { name: 'Error', message: String(error), stack: '' }
