/** On gpu.js in WebGL 2: training, and a context that is lost in the middle of it. */
import './gpujs-training.test.ts'
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { BackendError } from '@tenon/kernel'
import { Linear, mseLoss, Sequential, Tanh } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { jit, manualSeed, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { decodeCheckpoint, encodeCheckpoint } from '@tenon/train'
import { afterEach, expect, test } from 'vitest'

afterEach(async () => {
  await useBackend(cpu())
})

/** A run, and the context that its backend draws in: the one asked for last. */
async function newRun() {
  const contexts: WebGL2RenderingContext[] = []
  const { getContext } = HTMLCanvasElement.prototype
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...args: [string]) {
    const context = getContext.apply(this, args as never)
    if (context instanceof WebGL2RenderingContext) contexts.push(context)
    return context
  } as typeof getContext
  const backend = await useBackend(await gpujs({ mode: 'webgl2' }))
  HTMLCanvasElement.prototype.getContext = getContext
  manualSeed(1)
  const model = new Sequential(new Linear(2, 4), new Tanh(), new Linear(4, 1))
  const optimizer = new Adam(model.namedParameters(), { lr: 0.05 })
  const step = jit((x: Tensor, y: Tensor): Tensor => {
    optimizer.zeroGrad()
    const loss = mseLoss(model.forward(x), y)
    backward(loss)
    optimizer.step()
    return loss
  })
  const train = async (i: number): Promise<number> => {
    const points = Array.from({ length: 8 }, (_, k) => [Math.sin(i * 8 + k), Math.cos(2.3 * (i * 8 + k))])
    return step(tensor(points), tensor(points.map(([a, b]) => [2 * a! - 3 * b! + 0.5]))).item()
  }
  return { backend, context: contexts.at(-1)!, model, optimizer, train }
}

test('a context lost in the middle of training is an error that says what to do, and training goes on from a checkpoint', async () => {
  const whole = await newRun()
  const expected: number[] = []
  for (let i = 0; i < 8; i++) expected.push(await whole.train(i))
  whole.backend.dispose()

  const first = await newRun()
  for (let i = 0; i < 4; i++) await first.train(i)
  const bytes = await encodeCheckpoint(first, { position: { epoch: 0, step: 4 }, settings: null })
  first.context.getExtension('WEBGL_lose_context')!.loseContext()
  const failure = await first.train(4).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(BackendError)
  expect(String(failure)).toMatch(/the WebGL context was lost.*Make a new backend, and resume from the last checkpoint/)
  await expect(tensor([1, 2]).mul(2).data()).rejects.toThrow(/context was lost/)
  first.backend.dispose()

  const second = await newRun()
  const checkpoint = await decodeCheckpoint(bytes)
  checkpoint.restore(second)
  const losses: number[] = []
  for (let i = 4; i < 8; i++) losses.push(await second.train(i))
  losses.forEach((loss, i) => expect(Math.abs(loss - expected[4 + i]!)).toBeLessThan(1e-4))
  second.backend.dispose()
})

test('gpu.js leaves window.GPU as it was', async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'GPU')
  ;(await gpujs({ mode: 'webgl2' })).dispose()
  expect(Object.getOwnPropertyDescriptor(globalThis, 'GPU')).toEqual(before)
  expect((globalThis as { GPU?: { prototype?: { createKernel?: unknown } } }).GPU?.prototype?.createKernel).toBeUndefined()
})

test('auto passes over a WebGL that draws with the CPU, and says so', async () => {
  const backend = await gpujs()
  const { mode, renderer } = backend.report().details
  if (mode === 'webasm') expect(backend.report().notes.join()).toMatch(/mode 'webgl2' was passed over: .* draws with the CPU/)
  else expect(renderer).not.toMatch(/swiftshader/i)
  backend.dispose()
})
