/** A run that is counted in iterations and validated, as those over text are; the CNN app's own tests run one of epochs. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backward } from '@tenon/autograd'
import { arrayDataset, type Batch, DataLoader } from '@tenon/datasets'
import { Linear, mseLoss } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { defaultGenerator, manualSeed, type Tensor, tensor } from '@tenon/tensor'
import { loadCheckpoint, readMetrics } from '@tenon/train/node'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { chooseBackend } from './backends.ts'
import { testWorld } from './testing.ts'
import { TrainingRun } from './training-run.ts'

let home: string
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tenon-kit-'))
  await chooseBackend('cpu')
})
afterEach(() => rm(home, { recursive: true }))

const xs = Float32Array.from({ length: 50 }, (_, i) => i / 50)
const ys = xs.map((x) => 2 * x)
const settings = { seed: 1, iters: 25 }

/** Fits y = 2x in 25 iterations, with a look at the result after every ten; can be interrupted at one of them. */
const train = async (name: string, { iters = settings.iters, stopAt = Infinity, resume = false } = {}) => {
  const { world, printed, interrupt } = testWorld()
  const folder = join(home, name)
  manualSeed(settings.seed)
  const data = arrayDataset({ x: { data: xs, shape: [50, 1] }, y: { data: ys, shape: [50, 1] } })
  const loader = new DataLoader(data, { batchSize: 4, shuffle: true, seed: 1, numSamples: 4 * 10 })
  const model = new Linear(1, 1)
  const optimizer = new SGD(model.namedParameters(), { lr: 0.1 })
  const run = await TrainingRun.open({
    settings: { ...settings, iters },
    folder,
    length: { iters },
    loader,
    parts: { model, optimizer, generator: defaultGenerator() },
    checkpoint: resume ? await loadCheckpoint<typeof settings>(join(folder, 'checkpoint.safetensors')) : null,
    facts: { data: '50 points', model: 'a line', training: `${iters} iterations` },
    unit: 'characters',
    unitsPerSample: 8,
    evaluation: 'validation',
    line: ({ iteration, iterations, loss }) => `Iteration ${iteration}/${iterations}  Training loss: ${loss.toFixed(4)}`,
    out: world.out,
    signal: world.catchInterrupts().signal,
  })
  const lossOf = ({ x, y }: Batch<'x' | 'y'>): Tensor => mseLoss(model.forward(x), y)
  let steps = 0
  await run.fit({
    step: ({ x, y }) => {
      const loss = lossOf({ x, y })
      backward(loss)
      optimizer.step()
      optimizer.zeroGrad()
      if (++steps === stopAt) interrupt()
      return loss
    },
    onEpoch: async (position) => {
      const loss = await lossOf({ x: tensor(xs, [50, 1]), y: tensor(ys, [50, 1]) }).item()
      await run.evaluated(position, { loss }, `Validation loss: ${loss.toFixed(4)}`)
      run.print('a sample')
    },
  })
  return { run, folder, printed, out: printed.out, metrics: readMetrics(join(folder, 'metrics.jsonl')) }
}

it('says what it does in iterations, and ends with the last one', async () => {
  const { run, out, metrics, folder } = await train('a')
  const [head, body] = out.split('\n\n') as [string, string]
  expect(head.split('\n').slice(0, 4)).toEqual([
    'data      50 points',
    'model     a line',
    expect.stringMatching(/^backend {3}cpu: /),
    'training  25 iterations',
  ])
  expect(body.match(/^Iteration \d+\/25 {2}Training loss: \d\.\d{4}$/gm)).toHaveLength(12)
  expect(body.match(/^Validation loss: \d\.\d{4}\na sample$/gm)).toHaveLength(3)
  expect(body).toMatch(/a sample\n$/)
  expect(run.reached).toEqual({ epoch: 2, step: 5 })
  expect(run.summary()).toMatch(/^\d+\.\d s, [\d,]+ characters\/s$/)
  expect(metrics.filter(({ kind }) => kind === 'train')).toHaveLength(25)
  expect(metrics.filter(({ kind }) => kind === 'validation').map(({ epoch }) => epoch)).toEqual([0, 1, 2])
  const curves = await readFile(join(folder, 'curves.svg'), 'utf8')
  expect(curves).toContain('>iterations<')
  expect(curves).toContain('>validation<')
  expect(run.describeFiles({ more: 'x' })).toMatch(/^ {2}model and optimizer {3}.*checkpoint\.safetensors\n.*\n.*\n {2}more {18}x\n$/)
})

it.each([3, 10, 23])('that is interrupted in step %i goes on to the same bits', async (stopAt) => {
  const whole = await train('whole')
  const stopped = await train('parts', { stopAt })
  expect(stopped.run.stopped()).toBe(130)
  expect(stopped.printed.out).toMatch(
    new RegExp(`\\nStopped after ${stopAt} of 25 iterations\\. To go on: --resume .*checkpoint\\.safetensors\\n$`),
  )
  const resumed = await train('parts', { resume: true })
  expect(resumed.out).toMatch(new RegExp(`^resumed   after ${stopAt} of 25 iterations$`, 'm'))
  expect(resumed.metrics).toEqual(whole.metrics)
  expect(await readFile(join(resumed.folder, 'checkpoint.safetensors'))).toEqual(
    await readFile(join(whole.folder, 'checkpoint.safetensors')),
  )
})

it('can be made longer', async () => {
  await train('a')
  const { metrics, run } = await train('a', { iters: 32, resume: true })
  expect(run.reached).toEqual({ epoch: 3, step: 2 })
  expect(metrics.filter(({ kind }) => kind === 'train')).toHaveLength(32)
})
