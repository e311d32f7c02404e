/** A checkpoint of a run with groups of parameters, schedules of each kind, and averages beside it. */
import { backward } from '@tenon/autograd'
import { Linear, mseLoss, Sequential, Tanh } from '@tenon/nn'
import { EMA, ExponentialLR, LinearLR, RAdam, ReduceLROnPlateau, SequentialLR, type Stateful } from '@tenon/optim'
import { manualSeed, memory, type Tensor, tensor } from '@tenon/tensor'
import { decodeCheckpoint, encodeCheckpoint } from '@tenon/train'
import { expect, test } from 'vitest'

const batch = (step: number): [Tensor, Tensor] => {
  const points = Array.from({ length: 8 }, (_, i) => [Math.sin(step * 8 + i), Math.cos(2.3 * (step * 8 + i))])
  return [tensor(points), tensor(points.map(([a, b]) => [2 * a! - 3 * b! + 0.5]))]
}

type AnySchedule = Stateful<object> & { step(metric: number): void }

const schedules: Readonly<Record<string, (optimizer: RAdam) => AnySchedule>> = {
  SequentialLR: (optimizer) =>
    new SequentialLR(optimizer, [new LinearLR(optimizer, { startFactor: 0.1, totalIters: 4 }), new ExponentialLR(optimizer, 0.8)], [4]),
  ReduceLROnPlateau: (optimizer) => new ReduceLROnPlateau(optimizer, { patience: 1, factor: 0.5, threshold: 0.5, cooldown: 1 }),
}

function newRun(schedule: (optimizer: RAdam) => AnySchedule) {
  manualSeed(1)
  const model = new Sequential(new Linear(2, 4), new Tanh(), new Linear(4, 1))
  const named = model.namedParameters()
  const biases = named.filter(([name]) => name.endsWith('bias'))
  const weights = named.filter(([name]) => name.endsWith('weight'))
  const optimizer = new RAdam(
    [
      { params: weights, weightDecay: 0.01 },
      { params: biases, lr: 0.02 },
    ],
    { lr: 0.05 },
  )
  return { model, optimizer, schedule: schedule(optimizer), ema: new EMA(named, { decay: 0.8 }) }
}

async function train({ model, optimizer, schedule, ema }: ReturnType<typeof newRun>, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    const [x, y] = batch(i)
    optimizer.zeroGrad()
    const loss = mseLoss(model.forward(x), y)
    backward(loss)
    optimizer.step()
    ema.update()
    schedule.step(await loss.item())
  }
}

test.each(Object.keys(schedules))('a run with groups and %s goes on from a checkpoint to the same bits', async (name) => {
  const whole = newRun(schedules[name]!)
  await train(whole, 0, 10)
  const bytes = await encodeCheckpoint(whole, { position: { epoch: 0, step: 10 }, settings: null })
  const averages = Object.entries(whole.ema.stateDict().state).map(async ([key, x]) => [key, tensor(await x.data(), x.shape)] as const)
  const saved = { state: Object.fromEntries(await Promise.all(averages)), decay: 0.8 }
  await train(whole, 10, 20)

  const resumed = newRun(schedules[name]!)
  const checkpoint = await decodeCheckpoint(bytes)
  checkpoint.restore(resumed)
  resumed.ema.loadStateDict(saved)
  await train(resumed, 10, 20)

  const contents = async ({ model, optimizer, schedule, ema }: ReturnType<typeof newRun>): Promise<unknown> => ({
    variables: await Promise.all(
      Object.entries({ ...model.stateDict(), ...optimizer.stateDict().state }).map(async ([key, x]) => [key, await x.data()]),
    ),
    averages: await Promise.all(Object.values(ema.stateDict().state).map((x) => x.data())),
    groups: optimizer.stateDict().groups,
    schedule: schedule.stateDict(),
  })
  expect(await contents(resumed)).toEqual(await contents(whole))
  expect(whole.optimizer.paramGroups[0]!.lr).not.toBe(0.05)
})

test('evaluating with averages again and again needs no more memory', async () => {
  const { model, ema } = newRun(schedules['SequentialLR']!)
  const [x] = batch(0)
  const evaluate = (): Promise<unknown> => ema.with(() => model.forward(x).data())
  for (let i = 0; i < 3; i++) await evaluate()
  const held = memory()
  for (let i = 0; i < 20; i++) await evaluate()
  expect(memory()).toEqual(held)
})
