/** Whole training steps: gradients, clipping, schedules and updates together, with jit and without, on every backend. */
import { backward } from '@tenon/autograd'
import { BatchNorm2d, Conv2d, crossEntropy, Dropout, Flatten, Linear, MaxPool2d, mseLoss, ReLU, Sequential } from '@tenon/nn'
import { Adam, AdamW, CosineAnnealingLR, clipGradNorm, SGD, StepLR } from '@tenon/optim'
import { counters, jit, manualSeed, memory, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

/** y = 2 x₀ − 3 x₁ + 0.5, on points that do not repeat. */
const points = (step: number): number[][] => Array.from({ length: 8 }, (_, i) => [Math.sin(step * 8 + i), Math.cos(2.3 * (step * 8 + i))])
const truth = ([a, b]: number[]): number => 2 * a! - 3 * b! + 0.5
const batch = (step: number): [Tensor, Tensor] => [tensor(points(step)), tensor(points(step).map((point) => [truth(point)]))]

/** The same regression on numbers: SGD with momentum 0.9 on gradients clipped to norm 1, the rate falling by StepLR(10, 0.5). */
function reference(start: number[], steps: number): number[] {
  const p = [...start]
  const velocity = [0, 0, 0]
  for (let step = 0; step < steps; step++) {
    const gradient = [0, 0, 0]
    for (const point of points(step)) {
      const error = p[0]! * point[0]! + p[1]! * point[1]! + p[2]! - truth(point)
      ;[...point, 1].forEach((x, k) => {
        gradient[k]! += (2 * error * x) / 8
      })
    }
    const factor = Math.min(1, 1 / (Math.hypot(...gradient) + 1e-6))
    const lr = 0.1 * 0.5 ** Math.floor(step / 10)
    gradient.forEach((g, k) => {
      velocity[k] = 0.9 * velocity[k]! + factor * g
      p[k]! -= lr * velocity[k]!
    })
  }
  return p
}

describe.each(backends)('training on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })

  const regression = async (
    wrap: <F extends (...args: [Tensor, Tensor]) => Tensor>(step: F) => F,
  ): Promise<{ found: number[]; start: number[]; plans: number; losses: number[] }> => {
    manualSeed(4)
    const model = new Linear(2, 1)
    const start = [...(await model.weight.data()), await model.bias!.item()]
    const optimizer = new SGD(model.namedParameters(), { lr: 0.1, momentum: 0.9 })
    const schedule = new StepLR(optimizer, 10, { gamma: 0.5 })
    const step = wrap((x: Tensor, y: Tensor): Tensor => {
      optimizer.zeroGrad()
      const loss = mseLoss(model.forward(x), y)
      backward(loss)
      clipGradNorm(model.parameters(), 1)
      optimizer.step()
      return loss
    })
    const losses: Tensor[] = []
    let plans = 0
    for (let i = 0; i < 40; i++) {
      losses.push(step(...batch(i)))
      schedule.step()
      if (i === 2) plans = counters.plans
    }
    const read = await Promise.all(losses.map((loss) => loss.item()))
    return {
      found: [...(await model.weight.data()), await model.bias!.item()],
      start,
      plans: counters.plans - plans,
      losses: read,
    }
  }

  test('takes the steps of its formulas, and plans nothing anew after the second', async () => {
    const { found, start, plans, losses } = await regression((step) => step)
    expect(found).toEqual(reference(start, 40).map((value) => expect.closeTo(value, 4)))
    expect(plans).toBe(0)
    expect(losses[39]!).toBeLessThan(losses[0]! / 100)
  })

  test('gives the same bits under jit', async () => {
    const [plain, captured] = [await regression((step) => step), await regression((step) => jit(step) as typeof step)]
    expect(captured.found).toEqual(plain.found)
    expect(captured.losses).toEqual(plain.losses)
    expect(captured.plans).toBe(0)
  })

  const images = (step: number): [Tensor, Tensor] => [
    tensor(
      Float32Array.from({ length: 4 * 64 }, (_, i) => Math.sin(i * (1 + (Math.floor(i / 64) % 3)) + step)),
      [4, 1, 8, 8],
    ),
    tensor(Int32Array.from([0, 1, 2, 0])),
  ]

  test.each([
    ['Adam', Adam],
    ['AdamW', AdamW],
  ] as const)(
    'a net with batch norm and dropout learns with %s; memory stays flat, logits and losses can be read after the step',
    async (_name, Kind) => {
      manualSeed(1)
      const model = new Sequential(
        new Conv2d(1, 4, 3, { padding: 1 }),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Flatten(),
        new Dropout(0.2),
        new Linear(64, 3),
      )
      const optimizer = new Kind(model.namedParameters(), { lr: 0.01 })
      const schedule = new CosineAnnealingLR(optimizer, 60)
      const losses: number[] = []
      let held = memory()
      for (let i = 0; i < 60; i++) {
        const [x, y] = images(i % 5)
        optimizer.zeroGrad()
        const logits = model.forward(x)
        const loss = crossEntropy(logits, y)
        backward(loss)
        optimizer.step()
        schedule.step()
        losses.push(await loss.item())
        if (i === 20) held = memory()
        if (i === 59) {
          expect(memory()).toEqual(held)
          expect(await crossEntropy(tensor(await logits.data(), logits.shape), y).item()).toBeCloseTo(losses[i]!, 5)
        }
      }
      expect(optimizer.lr).toBe(0)
      expect(losses.slice(-5).reduce((a, b) => a + b)).toBeLessThan(losses.slice(0, 5).reduce((a, b) => a + b) / 2)
      expect(await model[1]!.stateDict()['numBatchesTracked']!.item()).toBe(60)
    },
  )

  test('goes on from a saved state to the same bits', async () => {
    const make = (): { model: Sequential; optimizer: Adam; schedule: CosineAnnealingLR } => {
      const model = new Sequential(new Linear(2, 4), new ReLU(), new Linear(4, 1))
      const optimizer = new Adam(model.namedParameters(), { lr: 0.05 })
      return { model, optimizer, schedule: new CosineAnnealingLR(optimizer, 20) }
    }
    const train = ({ model, optimizer, schedule }: ReturnType<typeof make>, from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        const [x, y] = batch(i)
        optimizer.zeroGrad()
        backward(mseLoss(model.forward(x), y))
        optimizer.step()
        schedule.step()
      }
    }
    const copy = async (state: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> =>
      Object.fromEntries(
        await Promise.all(Object.entries(state).map(async ([name, value]) => [name, tensor(await value.data(), value.shape)] as const)),
      )

    const whole = make()
    train(whole, 0, 6)
    const saved = {
      model: await copy(whole.model.stateDict()),
      state: await copy(whole.optimizer.stateDict().state),
      groups: JSON.stringify(whole.optimizer.stateDict().groups),
      schedule: JSON.stringify(whole.schedule.stateDict()),
    }
    train(whole, 6, 12)

    const resumed = make()
    resumed.model.loadStateDict(saved.model)
    resumed.optimizer.loadStateDict({ state: saved.state, groups: JSON.parse(saved.groups) })
    resumed.schedule.loadStateDict(JSON.parse(saved.schedule))
    train(resumed, 6, 12)
    for (const [name, value] of Object.entries(whole.model.stateDict())) {
      expect([name, await resumed.model.stateDict()[name]!.data()]).toEqual([name, await value.data()])
    }
  })
})
