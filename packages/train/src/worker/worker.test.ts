/** Both sides over a MessageChannel. Real Workers train in the tests of apps/playground. */
import { type Tensor, tensor } from '@tenon/tensor'
import { afterEach, describe, expect, it } from 'vitest'
import { CheckpointError, RemoteError, WorkerError } from '../errors.ts'
import { type BatchSource, fit, type Position } from '../fit.ts'
import { serveTraining } from './serve-training.ts'
import { TrainingWorker } from './training-worker.ts'
import type { WorkerRun } from './worker-run.ts'

/** `length` batches, of the number of the batch each. */
const numbers = (length: number): BatchSource<{ x: Tensor }> => ({
  length,
  async *iterate({ start = 0 } = {}) {
    for (let i = start; i < length; i++) yield { x: tensor(i) }
  },
})

const tasks = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

type Report = { readonly step: number; readonly loss: number } | { readonly between: number }

const makeService = () => {
  let steps = 0
  let between = 0
  let batches = { rate: Number.NaN }
  return {
    start: async ({ length, fail }: { length: number; fail?: Error }, run: WorkerRun<Report>): Promise<Position> => {
      if (fail) throw fail
      const paced = run.paced(numbers(length), () => void between++)
      batches = paced
      return await fit({
        loader: paced,
        epochs: 1,
        signal: run.signal,
        step: ({ x }) => {
          steps++
          return x.mul(2)
        },
        onStep: ({ step, loss }) => run.report({ step, loss }),
        onEpoch: () => run.report({ between }),
      })
    },
    requests: {
      add: (a: number, b: number) => a + b,
      where: () => steps,
      rate: () => batches.rate,
      /** Takes its time, and tells how many steps were taken while it did. */
      slow: async () => {
        const before = steps
        await tasks(5)
        return steps - before
      },
      refuse: () => {
        throw new CheckpointError('a.safetensors does not fit')
      },
      shout: () => Promise.reject('no error at all'),
    },
  }
}

const open: MessagePort[] = []
afterEach(() => {
  for (const port of open.splice(0)) port.close()
})

/** A worker that lives in this thread. Its `error` events are made by the test. */
const connect = (onReport?: (report: Report) => void, onDeath?: (error: WorkerError) => void) => {
  const { port1, port2 } = new MessageChannel()
  open.push(port1, port2)
  serveTraining(makeService(), port2)
  let terminated = 0
  const worker = Object.assign(new EventTarget(), {
    postMessage: (message: unknown) => port1.postMessage(message),
    terminate: () => void terminated++,
  })
  port1.onmessage = ({ data }) => worker.dispatchEvent(new MessageEvent('message', { data }))
  port2.start()
  const training = new TrainingWorker<ReturnType<typeof makeService>>(worker, {
    ...(onReport && { onReport }),
    ...(onDeath && { onDeath }),
  })
  return { worker, training, terminations: () => terminated }
}

const endless = { length: 1e9 }

describe('a run in a worker', () => {
  it('reports in order, everything before its result', async () => {
    const reports: Report[] = []
    const { training } = connect((report) => reports.push(report))
    expect(await training.start({ length: 5 })).toEqual({ epoch: 0, step: 5 })
    expect(reports).toEqual([...[1, 2, 3, 4, 5].map((step) => ({ step, loss: 2 * step - 2 })), { between: 4 }])
    expect(await training.request('rate')).toBeGreaterThan(0)
  })

  it('answers requests between its batches, and takes no step meanwhile', async () => {
    const { training } = connect()
    const run = training.start(endless)
    expect(await training.request('add', 1, 2)).toBe(3)
    const answers = await Promise.all([training.request('slow'), training.request('where'), training.request('slow')])
    expect([answers[0], answers[2]]).toEqual([0, 0])
    // One step at most lies between two answers, and the run goes on.
    expect(await training.request('where')).toBeGreaterThan(answers[1])
    training.stop()
    expect((await run).step).toBeGreaterThan(0)
  })

  it('is held by a pause, in which requests are answered, and goes on when it is over', async () => {
    const { training } = connect()
    const run = training.start(endless)
    await training.request('where')
    training.pause()
    training.pause()
    const held = await training.request('where')
    await tasks(5)
    expect(await training.request('where')).toBe(held)
    training.resume()
    await tasks(5)
    expect(await training.request('where')).toBeGreaterThan(held)
    training.stop()
    await run
  })

  it('that is held can be stopped, and another one started', async () => {
    const { training } = connect()
    const run = training.start(endless)
    await training.request('where')
    training.pause()
    await training.request('where')
    training.stop()
    expect((await run).epoch).toBe(0)
    expect(await training.start({ length: 3 })).toEqual({ epoch: 0, step: 3 })
  })

  it('is one at a time', async () => {
    const { training } = connect()
    const run = training.start(endless)
    await expect(training.start({ length: 1 })).rejects.toThrow(/a training run is under way in this worker; stop it/)
    training.stop()
    await run
  })
})

describe('what fails in a worker', () => {
  it('fails here with its name and its words, and the worker lives on', async () => {
    const { training } = connect()
    const refused = training.request('refuse')
    await expect(refused).rejects.toThrow(RemoteError)
    await expect(refused).rejects.toMatchObject({ name: 'CheckpointError', message: 'a.safetensors does not fit' })
    await expect(refused).rejects.toMatchObject({ remoteStack: expect.stringContaining('worker.test.ts') })
    await expect(training.request('shout')).rejects.toMatchObject({ name: 'Error', message: 'no error at all' })
    await expect(training.start({ length: 1, fail: new RangeError('too far') })).rejects.toMatchObject({
      name: 'RangeError',
      message: 'too far',
    })
    expect(await training.request('add', 1, 2)).toBe(3)
  })

  it('is named when it was asked for what it does not know', async () => {
    const { training } = connect()
    await expect(training.request('toString' as 'where')).rejects.toThrow("no request 'toString', only add, where, rate, slow")
  })
})

describe('a worker that dies', () => {
  it.each([
    ['error', { message: 'boom' }, /died: nothing caught an error in it: boom/],
    ['error', {}, /died: its script could not be loaded/],
    ['messageerror', {}, /died: it sent a message that cannot be read/],
  ])('by %s %j rejects what is unanswered and what is asked later', async (type, fields, message) => {
    const deaths: WorkerError[] = []
    const { worker, training, terminations } = connect(undefined, (error) => deaths.push(error))
    const run = training.start(endless)
    await training.request('where')
    const asked = training.request('where')
    worker.dispatchEvent(Object.assign(new Event(type), fields))
    worker.dispatchEvent(Object.assign(new Event(type), fields))
    for (const promise of [run, asked, training.request('where'), training.start({ length: 1 })]) {
      await expect(promise).rejects.toThrow(WorkerError)
      await expect(promise).rejects.toThrow(message)
    }
    training.pause() // Nobody is there to hear it.
    expect(deaths).toHaveLength(1)
    expect(terminations()).toBe(1)
  })

  it('by its page says so to who waits, and to nobody else', async () => {
    const deaths: WorkerError[] = []
    const { training } = connect(undefined, (error) => deaths.push(error))
    const run = training.start(endless)
    await training.request('where')
    training.terminate()
    await expect(run).rejects.toThrow('the training worker was ended by its page before it could answer')
    expect(deaths).toEqual([])
  })
})
