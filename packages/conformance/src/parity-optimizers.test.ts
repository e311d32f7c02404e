/** Every optimizer and schedule against PyTorch: ten steps on a small model, and the rates of 24 epochs. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import type { DType } from '@tenon/kernel'
import { crossEntropy, Linear, Sequential, Tanh } from '@tenon/nn'
import * as optim from '@tenon/optim'
import { jit, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'
import { classes, uniform } from './deterministic.ts'
import { readFixture, unpack } from './torch-answers.ts'

interface OptimizerAnswer {
  readonly kind: string
  readonly options: object
  readonly groups?: readonly object[]
  readonly losses: readonly number[]
  readonly weights: string
}

interface ScheduleQuestion {
  readonly kind: string
  readonly args: readonly unknown[]
  readonly schedules?: readonly ScheduleQuestion[]
  readonly milestones?: readonly number[]
}

type AnyOptimizer = optim.Optimizer<optim.OptimizerOptions, optim.Slots>
type MakeOptimizer = new (parameters: optim.OptimizerParameters<object>, options: object) => AnyOptimizer
type MakeSchedule = new (optimizer: optim.Rated, ...args: readonly unknown[]) => { step(metric?: number): void } & optim.Stateful<object>

const answers = readFixture<Readonly<Record<string, OptimizerAnswer>>>('optimizers.json')
const exported = optim as unknown as Readonly<Record<string, unknown>>

function describeParity(dtype: DType, rtol: number): void {
  const floats = (values: Float64Array, shape: readonly number[]): Tensor =>
    tensor(dtype === 'float64' ? values : Float32Array.from(values), shape)

  test.each(Object.keys(answers))('ten steps with %s', async (name) => {
    const { kind, options, groups, losses, weights } = answers[name]!
    const model = new Sequential(new Linear(4, 5, { dtype }), new Tanh(), new Linear(5, 3, { dtype }))
    const parameters = model.namedParameters()
    for (const [k, [, parameter]] of parameters.entries()) parameter.assign(floats(uniform(k + 1, parameter.size, 0.5), parameter.shape))
    const split = [parameters.slice(0, 2), parameters.slice(2)]
    const Kind = exported[kind] as MakeOptimizer
    const optimizer = new Kind(groups ? groups.map((own, i) => ({ params: split[i]!, ...own })) : parameters, options)
    const step = (x: Tensor, target: Tensor): Tensor => {
      optimizer.zeroGrad()
      const loss = crossEntropy(model.forward(x), target)
      backward(loss)
      optimizer.step()
      return loss
    }
    // With jit where the batches are odd: both ways have to go hand in hand.
    const captured = jit(step)
    const taken = losses.map((_, i) =>
      (i % 2 === 1 ? captured : step)(floats(uniform(1000 + i, 24, 1), [6, 4]), tensor(classes(2000 + i, 6, 3))),
    )
    const found = await Promise.all(parameters.map(async ([, parameter]) => [...(await parameter.data())]))
    expect(difference(await Promise.all(taken.map((loss) => loss.item())), losses, { rtol })).toBe(null)
    expect(difference(found.flat(), unpack(weights), { rtol })).toBe(null)
  })
}

test('every optimizer has an answer', () => {
  const kinds = Object.keys(exported).filter((name) => (exported[name] as MakeOptimizer).prototype instanceof optim.Optimizer)
  expect(kinds.sort()).toEqual([...new Set(Object.values(answers).map(({ kind }) => kind))].sort())
})

describe('float64 on cpu, as PyTorch', () => {
  beforeAll(async () => {
    await useBackend(cpu())
  })
  describeParity('float64', 1e-6) // Answers are stored in float32.
})

describe.each(backends)('float32 on $name, as PyTorch', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })
  describeParity('float32', 1e-4)
})

describe('the rates of PyTorch', () => {
  const { metrics, answers: rates } = readFixture<{
    readonly metrics: readonly number[]
    readonly answers: Readonly<Record<string, ScheduleQuestion & { readonly rates: readonly number[][] }>>
  }>('schedules.json')

  /** An optimizer's rates, for two groups. */
  const optimizer = (): { lr: number; paramGroups: { lr: number }[] } => ({ lr: 0.8, paramGroups: [{ lr: 0.8 }, { lr: 0.1 }] })
  const make = (rated: optim.Rated, { kind, args, schedules, milestones }: ScheduleQuestion): InstanceType<MakeSchedule> => {
    const Kind = exported[kind] as MakeSchedule
    if (kind === 'LambdaLR') return new Kind(rated, (epoch: number) => 1 / (1 + epoch))
    return schedules
      ? new Kind(
          rated,
          schedules.map((part) => make(rated, part)),
          milestones,
        )
      : new Kind(rated, ...args)
  }

  test.each(Object.keys(rates))('%s', (name) => {
    const question = rates[name]!
    const rated = optimizer()
    let schedule = make(rated, question)
    const found = metrics.map((metric, i) => {
      const now = rated.paramGroups.map(({ lr }) => lr)
      schedule.step(metric)
      if (i === 9) {
        // Goes on from a checkpoint half way.
        const state = JSON.parse(JSON.stringify(schedule.stateDict()))
        schedule = make({ lr: 0.8, paramGroups: rated.paramGroups }, question)
        schedule.loadStateDict(state)
      }
      return now
    })
    expect(difference(found.flat(), question.rates.flat(), { rtol: 1e-12 })).toBe(null)
  })
})
