import type { Tensor } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { TrainingError } from './errors.ts'
import { type BatchSource, evaluate, fit, type Position, type StepReport } from './fit.ts'

/** The loops only ever read `item()` of a loss and the shape of a batch. */
const scalar = (value: number): Tensor => ({ item: () => Promise.resolve(value) }) as Tensor
const rows = (count: number): Tensor => ({ shape: [count] }) as unknown as Tensor

interface Numbered {
  readonly [name: string]: Tensor
  readonly images: Tensor
}

/** Batches that know their epoch and number. */
const source = (length: number, sizes: readonly number[] = []): BatchSource<Numbered> & { seen: Position[] } => {
  const seen: Position[] = []
  return {
    length,
    seen,
    async *iterate({ epoch = 0, start = 0 } = {}) {
      for (let step = start; step < length; step++) {
        seen.push({ epoch, step })
        yield { images: rows(sizes[step] ?? 4) }
      }
    },
  }
}

describe('fit', () => {
  it('runs every step of every epoch in order and reports each loss', async () => {
    const loader = source(3)
    const reports: StepReport[] = []
    let next = 10
    const reached = await fit({
      loader,
      epochs: 2,
      step: () => scalar(next--),
      onStep: (report) => reports.push(report),
    })
    expect(reports.map((r) => [r.epoch, r.step, r.loss])).toEqual([
      [0, 1, 10],
      [0, 2, 9],
      [0, 3, 8],
      [1, 1, 7],
      [1, 2, 6],
      [1, 3, 5],
    ])
    expect(reached).toEqual({ epoch: 1, step: 3 })
  })

  it('ends after a number of steps, and tells of the epoch that it ends in', async () => {
    const run = async (steps: number, start?: Position) => {
      const [taken, told]: [string[], string[]] = [[], []]
      const reached = await fit({
        loader: source(3),
        steps,
        ...(start && { start }),
        step: () => scalar(1),
        onStep: ({ epoch, step }) => taken.push(`${epoch}.${step}`),
        onEpoch: ({ epoch, step }) => {
          told.push(`${epoch}.${step}`)
        },
      })
      return { taken, told, reached }
    }
    expect(await run(5)).toEqual({ taken: ['0.1', '0.2', '0.3', '1.1', '1.2'], told: ['0.3', '1.2'], reached: { epoch: 1, step: 2 } })
    expect(await run(6)).toMatchObject({ told: ['0.3', '1.3'], reached: { epoch: 1, step: 3 } })
    expect(await run(1)).toEqual({ taken: ['0.1'], told: ['0.1'], reached: { epoch: 0, step: 1 } })
    expect(await run(5, { epoch: 1, step: 1 })).toEqual({ taken: ['1.2'], told: ['1.2'], reached: { epoch: 1, step: 2 } })
    expect(await run(7, { epoch: 1, step: 2 })).toMatchObject({ taken: ['1.3', '2.1'], told: ['1.3', '2.1'] })
  })

  it('ends with whichever comes first of epochs and steps', async () => {
    const reached = (options: { epochs: number; steps: number }) => fit({ loader: source(3), step: () => scalar(1), ...options })
    expect(await reached({ epochs: 1, steps: 5 })).toEqual({ epoch: 0, step: 3 })
    expect(await reached({ epochs: 2, steps: 2 })).toEqual({ epoch: 0, step: 2 })
  })

  it('tells of an epoch after its last loss was reported, and waits for the answer', async () => {
    const order: string[] = []
    await fit({
      loader: source(2),
      epochs: 2,
      step: () => scalar(1),
      onStep: ({ epoch, step }) => order.push(`${epoch}.${step}`),
      onEpoch: async ({ epoch }) => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        order.push(`end ${epoch}`)
      },
    })
    expect(order).toEqual(['0.1', '0.2', 'end 0', '1.1', '1.2', 'end 1'])
  })

  it('goes on in the middle of an epoch', async () => {
    const loader = source(3)
    await fit({ loader, epochs: 3, start: { epoch: 1, step: 2 }, step: () => scalar(1) })
    expect(loader.seen).toEqual([
      { epoch: 1, step: 2 },
      { epoch: 2, step: 0 },
      { epoch: 2, step: 1 },
      { epoch: 2, step: 2 },
    ])
  })

  it('only ends an epoch again that was complete already', async () => {
    const loader = source(3)
    const ended: Position[] = []
    const reached = await fit({
      loader,
      epochs: 2,
      start: { epoch: 1, step: 3 },
      step: () => scalar(1),
      onEpoch: (done) => void ended.push(done),
    })
    expect(loader.seen).toEqual([])
    expect(ended).toEqual([{ epoch: 1, step: 3 }])
    expect(reached).toEqual({ epoch: 1, step: 3 })
  })

  it('stops after the running step when aborted, and says where', async () => {
    const controller = new AbortController()
    const reports: StepReport[] = []
    let steps = 0
    const reached = await fit({
      loader: source(5),
      epochs: 2,
      step: () => {
        if (++steps === 7) controller.abort()
        return scalar(steps)
      },
      signal: controller.signal,
      onStep: (report) => reports.push(report),
    })
    expect(reached).toEqual({ epoch: 1, step: 2 })
    expect(reports.at(-1)).toEqual({ epoch: 1, step: 2, loss: 7 })
  })

  it('lets timers run while steps never wait', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 20)
    const { step } = await fit({
      loader: source(1_000_000),
      epochs: 1,
      step: () => scalar(1),
      signal: controller.signal,
    })
    expect(step).toBeGreaterThan(0)
    expect(step).toBeLessThan(1_000_000)
  })

  it('throws when the loss is no longer a number, naming the step', async () => {
    const losses = [2, 1.5, Number.NaN]
    const run = fit({ loader: source(5), epochs: 1, step: () => scalar(losses.shift() ?? Number.NaN) })
    await expect(run).rejects.toThrow(TrainingError)
    await expect(run).rejects.toThrow(/NaN at step 3 of epoch 0/)
  })
})

describe('evaluate', () => {
  it('weighs the means of batches by their sizes', async () => {
    const values = [1, 4]
    const result = await evaluate({
      loader: source(2, [4, 2]),
      step: () => ({ loss: scalar(values.shift()!), accuracy: scalar(0.5) }),
    })
    expect(result).toEqual({ loss: 2, accuracy: 0.5 })
  })

  it('gives null when the loader ends because of the abort, after no batch or some', async () => {
    for (const batches of [0, 2]) {
      const controller = new AbortController()
      async function* ending(): AsyncGenerator<{ x: Tensor }> {
        for (let i = 0; i < batches; i++) yield { x: rows(1 + i) }
        controller.abort()
      }
      const step = () => ({ loss: scalar(1) })
      expect(await evaluate({ loader: { length: 3, iterate: ending }, step, signal: controller.signal })).toBeNull()
    }
  })

  it('gives null when aborted', async () => {
    const controller = new AbortController()
    const result = await evaluate({
      loader: source(3),
      step: () => ({ loss: scalar(1) }),
      signal: controller.signal,
      onStep: () => controller.abort(),
    })
    expect(result).toBeNull()
  })
})
