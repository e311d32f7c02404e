/** What backend-wasm promises about its threads, held on the training of convolutions, of a recurrent net, and of an embedding. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { type BoundProgram, command, commandBytes, makeWasm, usualTuning } from '@tenon/backend-wasm/internal'
import type { Backend } from '@tenon/kernel'
import { Conv2d, crossEntropy, Embedding, Flatten, Linear, MaxPool2d, Module, ReLU, Sequential } from '@tenon/nn'
import { LSTM } from '@tenon/nn-rnn'
import { Adam, SGD } from '@tenon/optim'
import { jit, manualSeed, randint, randn, type Tensor, useBackend } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { wasmThreads } from './backends.ts'

/** Next characters. */
class Writer extends Module {
  readonly embedding: Embedding = new Embedding(11, 12)
  readonly lstm: LSTM = new LSTM(12, 20, { numLayers: 2 })
  readonly head: Linear = new Linear(20, 11)

  /** [T, B] → [T · B, 11] */
  forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(this.embedding.forward(x)).output).reshape([-1, 11])
  }
}

const pictures = (): Module & { forward(x: Tensor): Tensor } =>
  new Sequential(
    new Conv2d(1, 16, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(16, 16, 3, { padding: 1 }),
    new ReLU(),
    new Flatten(),
    new Linear(16 * 7 * 7, 10),
  )

const trainings = {
  'a convolutional net': { model: pictures, x: () => randn([9, 1, 14, 14]), y: () => randint(0, 10, [9]) },
  'a recurrent net': { model: () => new Writer(), x: () => randint(0, 11, [13, 6]), y: () => randint(0, 11, [78]) },
}

/** The losses of five steps, and the weights afterwards. */
async function train(name: keyof typeof trainings, backend: Backend): Promise<number[][]> {
  await useBackend(backend)
  manualSeed(1)
  const { model: make, x: makeX, y: makeY } = trainings[name]
  const [model, x, y] = [make(), makeX(), makeY()]
  const optimizer = new SGD(model.namedParameters(), { lr: 0.05, momentum: 0.9 })
  const step = jit((x: Tensor, y: Tensor) => {
    optimizer.zeroGrad()
    const loss = crossEntropy(model.forward(x), y)
    backward(loss)
    optimizer.step()
    return loss
  })
  const losses: number[] = []
  for (let i = 0; i < 5; i++) losses.push(await step(x, y).item())
  const weights: number[][] = []
  for (const p of model.parameters()) weights.push(Array.from(await p.data()))
  return [losses, ...weights]
}

describe.each(Object.keys(trainings) as (keyof typeof trainings)[])('the training of %s', (name) => {
  const backends: Backend[] = []
  const threaded = async (threads: number): Promise<Backend> => {
    const backend = await wasmThreads(threads)
    backends.push(backend)
    return backend
  }
  afterAll(async () => {
    await useBackend(cpu())
    for (const backend of backends) backend.dispose()
  })

  test.each([1, 2, 3])(
    'with threads: %s gives the same bits in each of three runs, and what backend-cpu gives within 1e-4',
    async (threads) => {
      const first = await train(name, await threaded(threads))
      expect(await train(name, backends.at(-1)!)).toEqual(first)
      expect(await train(name, await threaded(threads))).toEqual(first)
      const expected = await train(name, cpu())
      expect(first.map((values, i) => difference(values, expected[i]!, { rtol: 1e-4 })).filter((wrong) => wrong !== null)).toEqual([])
    },
  )
})

describe('between the updates of different parameters stands no barrier', () => {
  /** Barriers of a program that only updates the parameters of so many layers. */
  async function barriers(make: (model: Module) => { step(): void }, layers: number): Promise<number> {
    const backend = makeWasm({ threads: 2 }, { ...usualTuning, worth: { splitting: 0, waking: Infinity, sharing: Infinity } })
    let last: BoundProgram | null = null
    const compile: Backend['compile'] = (program) => (last = backend.compile(program) as BoundProgram)
    await useBackend({ ...backend, compile })
    const model = new Sequential(...Array.from({ length: layers }, () => new Linear(20, 30)))
    const optimizer = make(model)
    jit(() => {
      for (const p of model.parameters()) p.grad = p.mul(0.5)
      optimizer.step()
    })()
    const { words } = last!.commands(false)
    const first = Array.from({ length: words.byteLength / commandBytes }, (_, i) => words[(i * commandBytes) / 4])
    return first.filter((word) => word === command.barrier).length
  }

  test.each([
    ['SGD', 0, (model: Module) => new SGD(model.namedParameters(), { lr: 0.1, momentum: 0.9 })],
    ['Adam, whose corrections of the bias come first', 1, (model: Module) => new Adam(model.namedParameters())],
  ])('%s', async (_, wanted, make) => {
    expect([await barriers(make, 1), await barriers(make, 12)]).toEqual([wanted, wanted])
  })
})

describe('a thread that ends in the middle of a step', () => {
  afterAll(async () => {
    vi.restoreAllMocks()
    await useBackend(cpu())
  })

  /** The worker of a backend of two threads. */
  async function startWorker(): Promise<{ backend: Backend; worker: { terminate(): Promise<number> } }> {
    const find = process.getBuiltinModule.bind(process)
    const threads = find('node:worker_threads')
    const started: InstanceType<typeof threads.Worker>[] = []
    class Watched extends threads.Worker {
      constructor(...args: ConstructorParameters<typeof threads.Worker>) {
        super(...args)
        started.push(this)
      }
    }
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
      name === 'node:worker_threads' ? { ...threads, Worker: Watched } : find(name)) as typeof process.getBuiltinModule)
    const backend = makeWasm({ threads: 2 }, { ...usualTuning, worth: { splitting: 0, waking: 0, sharing: 0 }, patience: 500 })
    await useBackend(backend)
    randn([64, 64]).sum().itemSync() // starts it
    while (backend.report().details['workers'] !== 'running') await new Promise((resolve) => setTimeout(resolve, 5))
    return { backend, worker: started[0]! }
  }

  test.each([
    ['jitted', jit],
    ['not jitted', <T>(fn: T): T => fn],
  ])('leaves the model and its optimizer as they were after the last one: %s', async (_, wrap) => {
    const losses = async (dies: boolean): Promise<number[]> => {
      const { backend, worker } = await startWorker()
      manualSeed(1)
      const { model: make, x: makeX, y: makeY } = trainings['a convolutional net']
      const [model, x, y] = [make(), makeX(), makeY()]
      const optimizer = new Adam(model.namedParameters())
      const step = (wrap as typeof jit)((x: Tensor, y: Tensor) => {
        optimizer.zeroGrad()
        const loss = crossEntropy(model.forward(x), y)
        backward(loss)
        optimizer.step()
        return loss
      })
      const state = async (): Promise<number[][]> => {
        const all = [...Object.values(model.stateDict()), ...Object.values(optimizer.stateDict().state)]
        return Promise.all(all.map(async (t) => Array.from(await t.data(), Number)))
      }
      const found = [step(x, y).itemSync(), step(x, y).itemSync()]
      if (dies) {
        const before = await state()
        const dead = worker.terminate() // which the backend is told of after this turn of the event loop
        expect(() => step(x, y).itemSync()).toThrow('does not answer')
        expect(await state()).toEqual(before)
        await dead
      }
      found.push(step(x, y).itemSync(), step(x, y).itemSync())
      backend.dispose()
      return found
    }
    expect(await losses(true)).toEqual(await losses(false))
  })
})
