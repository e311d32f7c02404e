/** `x.to(backend)`, and models and optimizers that move in the middle of a run. */
import { backward, checkpoint, grad, noGrad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import { BatchNorm2d, Conv2d, crossEntropy, Dropout, Flatten, type Layer, Linear, Module, mseLoss, ReLU, Sequential } from '@tenon/nn'
import { LSTM } from '@tenon/nn-rnn'
import { Adam, EMA, SGD, StepLR } from '@tenon/optim'
import {
  type Backend,
  defaultGenerator,
  Generator,
  jit,
  manualSeed,
  moveVariables,
  ones,
  rand,
  randn,
  type Tensor,
  tensor,
  useBackend,
  Variable,
} from '@tenon/tensor'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const made: Backend[] = []
const keep = <B extends Backend>(backend: B): B => {
  made.push(backend)
  return backend
}
let here: Backend
let there: Backend
let gpu: Backend
beforeAll(async () => {
  here = keep(cpu())
  there = keep(wasm())
  gpu = keep(await gpujs({ mode: 'cpu' }))
})
afterAll(async () => {
  await useBackend(cpu())
  for (const backend of made) backend.dispose()
})

const numbers = (x: Tensor): number[] => [...x.dataSync()]
const buffersOf = (backend: Backend): number => backend.report().memory.buffers

/** A backend that can only be read asynchronously, as WebGPU's. */
const asyncOnly = (): Backend => {
  const { readSync: _, ...backend } = cpu()
  return keep({ ...backend, name: 'async' })
}

describe('x.to(backend)', () => {
  test('has the same values, there and back, and a value that lies there already is itself', async () => {
    await useBackend(here)
    for (const x of [tensor([1, 2]).mul(3), tensor(Int32Array.of(3, 6)), new Variable(tensor([3, 6]))]) {
      const moved = x.to(there)
      expect(moved.node.backend).toBe(there)
      expect(numbers(moved)).toEqual([3, 6])
      expect(numbers(moved.add(moved))).toEqual([6, 12])
      expect(numbers(moved.to(gpu).to(here))).toEqual([3, 6])
      expect(moved.to(there).node).toBe(moved.node)
    }
    expect(numbers(ones([0]).to(there))).toEqual([])
  })

  test('lets gradients through: they come back to where each input lies, to the second order', async () => {
    await useBackend(here)
    const a = new Variable(tensor([1, 2]))
    const b = new Variable(tensor([3, 4]).to(there))
    a.requiresGrad = b.requiresGrad = true
    // Σ (a² b)² with a² on one backend and the rest on another
    const product = a.mul(a).to(there).mul(b)
    backward(product.mul(product).sum())
    expect([a.grad!.node.backend, b.grad!.node.backend]).toEqual([here, there])
    expect(numbers(a.grad!)).toEqual([4 * 1 * 9, 4 * 8 * 16])
    expect(numbers(b.grad!)).toEqual([2 * 1 * 3, 2 * 16 * 4])

    const [first] = grad(a.to(there).mul(a.to(there)).mul(a.to(there)).sum(), [a])
    const [second] = grad(first!.sum(), [a])
    expect([numbers(first!), numbers(second!)]).toEqual([
      [3, 12],
      [6, 12],
    ])
  })

  test('and inside of checkpoint; not inside of noGrad', async () => {
    await useBackend(here)
    const x = new Variable(tensor([2, 3]))
    const square = checkpoint((t: Tensor) => t.mul(2).to(there).mul(t.to(there)))
    expect(numbers(grad(square(x).sum(), [x])[0]!)).toEqual([8, 12])
    const y = noGrad(() => x.to(there))
    expect(() => grad(y.sum(), [x])).toThrow(/no output depends on input 0/)
  })

  test('does not hold the graph of what moved once a step was taken, nor memory on either side', async () => {
    await useBackend(here)
    const model = new Linear(4, 1)
    const optimizer = new SGD(model.namedParameters(), { lr: 0.1 })
    const losses: Tensor[] = []
    const counts: number[] = []
    for (let step = 0; step < 12; step++) {
      const y = model.forward(randn([8, 4])).to(there)
      losses.push(y.mul(y).mean().to(here))
      backward(losses.at(-1)!)
      optimizer.step()
      optimizer.zeroGrad()
      counts.push(buffersOf(here), buffersOf(there))
    }
    expect(losses.at(-1)!.itemSync()).toBeLessThan(losses[0]!.itemSync())
    expect(losses.every(({ node }) => node.inputs.length === 0)).toBe(true)
    expect(counts.slice(-2)).toEqual(counts.slice(8, 10))
  })

  test('inside of a jitted function is an error, and so is mixing', async () => {
    await useBackend(here)
    expect(() => jit((x: Tensor) => x.mul(2).to(there))(ones([2]))).toThrow(/read inside a jitted function/)
    const x = new Variable(ones([2]))
    expect(() => x.add(ones([2]).to(there))).toThrow('add: its inputs lie on two backends, cpu and wasm; move one with x.to(backend)')
  })

  test('needs a backend that can be read at once, or a value that was read', async () => {
    const slow = await useBackend(asyncOnly())
    const x = new Variable(tensor([1, 2])).mul(2)
    expect(() => x.to(there)).toThrow('x.to(wasm): async can only be read asynchronously. Await x.data() first, and x can move')
    await x.data()
    expect(numbers(x.to(there))).toEqual([2, 4])
    expect(await tensor([5]).to(slow).mul(2).data()).toEqual(Float32Array.of(10))
  })
})

class Net extends Module {
  readonly layers: Sequential
  constructor() {
    super()
    this.layers = new Sequential(new Linear(3, 8), new ReLU(), new Dropout(0.5), new Linear(8, 2))
  }
  forward(x: Tensor): Tensor {
    return this.layers.forward(x)
  }
}

describe('a model that moves', () => {
  test('keeps its parameters, their values and gradients, and leaves nothing behind', async () => {
    const home = keep(cpu())
    await useBackend(home)
    const model = new Net()
    const parameters = model.parameters()
    backward(model.forward(ones([4, 3])).sum())
    const values = parameters.map(numbers)
    const gradients = parameters.map(({ grad: g }) => numbers(g!))
    await useBackend(there)
    expect(await model.to(there)).toBe(model)
    expect(model.parameters()).toEqual(parameters)
    expect(parameters.map(({ node }) => node.backend)).toEqual(parameters.map(() => there))
    expect(parameters.map(numbers)).toEqual(values)
    expect(parameters.map(({ grad: g }) => [g!.node.backend, numbers(g!)])).toEqual(gradients.map((g) => [there, g]))
    for (let run = 0; run < 3; run++) model.forward(ones([4, 3])).dataSync()
    expect(buffersOf(home)).toBe(0)
  })

  test('what was computed before and not kept is stale; a loss that was differentiated can be read', async () => {
    await useBackend(here)
    const model = new Net()
    const y = model.forward(ones([4, 3]))
    const loss = model.forward(ones([4, 3])).mean()
    backward(loss)
    await model.to(there)
    expect(loss.itemSync()).toEqual(expect.any(Number))
    expect(() => y.dataSync()).toThrow(/"layers.3.bias" as it was before an assign, or a move to another backend, that has run since/)
    expect(() => model.forward(ones([4, 3]).to(here))).toThrow(/lie on two backends/)
  })

  test('runs its pending assigns first, and goes on with the value', async () => {
    await useBackend(here)
    const v = new Variable(tensor([1]))
    v.assign(v.add(1))
    await moveVariables([v, v], there)
    v.assign(v.mul(5))
    expect(v.itemSync()).toBe(10)
  })

  test('jitted functions go where their variables are, and back', async () => {
    await useBackend(here)
    const v = new Variable(tensor([1]))
    const step = jit((x: Tensor) => {
      v.assign(v.add(x))
      return v.mul(10)
    })
    expect(step(ones([1])).itemSync()).toBe(20)
    for (const [backend, expected] of [
      [there, 30],
      [gpu, 40],
      [here, 50],
      [there, 60],
    ] as const) {
      // biome-ignore format: a table
      await useBackend(backend)
      await moveVariables([v], backend)
      expect(step(ones([1])).itemSync()).toBe(expected)
    }
    await useBackend(here)
    expect(() => step(ones([1]).to(here))).toThrow(/lie on two backends/)
  })

  test('does not move where it finds no place, all of it', async () => {
    await useBackend(here)
    const [single, double] = [new Variable(tensor([1])), new Variable(tensor([1], [1], { dtype: 'float64' }), { name: 'double' })]
    await expect(moveVariables([single, double], there)).rejects.toThrow(
      'double is float64, and wasm has only float32, int32, uint32, bool',
    )
    const wide = new Variable(ones([2 ** 23 + 1]))
    const before = buffersOf(gpu)
    await expect(moveVariables([single, wide], gpu)).rejects.toThrow(/8388609 elements are too many/)
    expect(buffersOf(gpu)).toBe(before)
    expect([single, double].map((v) => [v.node.backend, v.itemSync()])).toEqual([
      [here, 1],
      [here, 1],
    ])
  })

  test('is told of a step that is taken meanwhile, and stays', async () => {
    await useBackend(here)
    const v = new Variable(tensor([1]), { name: 'w' })
    const moving = moveVariables([v], there)
    v.assign(2)
    await expect(moving).rejects.toThrow('w changed while it was moving to wasm; await the move before the next step')
    expect([v.node.backend, v.itemSync()]).toEqual([here, 2])
  })

  test('comes from a backend that can only be read asynchronously too', async () => {
    const slow = await useBackend(asyncOnly())
    const model = new Net()
    backward(model.forward(ones([4, 3])).sum())
    const values = await Promise.all(model.parameters().map((p) => p.data()))
    await useBackend(there)
    await model.to(there)
    expect(model.parameters().map((p) => p.dataSync())).toEqual(values)
    expect(model.parameters().every((p) => p.grad!.node.backend === there)).toBe(true)
    slow.dispose()
  })

  test('an average of weights moves too', async () => {
    await useBackend(here)
    const v = new Variable(tensor([1]), { name: 'v' })
    const ema = new EMA([['v', v]], { decay: 0.5 })
    v.assign(3)
    await useBackend(there)
    await moveVariables([v], there)
    await ema.to(there)
    ema.update()
    expect(ema.stateDict().state['v']!.itemSync()).toBe(2)
  })
})

describe('random numbers', () => {
  test('go on where they were when the backend changes', async () => {
    const draw = (): number[] => numbers(rand([4]))
    await useBackend(here)
    manualSeed(7)
    const stayed = [draw(), draw(), draw(), draw()]
    manualSeed(7)
    const generator = defaultGenerator()
    const moved: number[][] = []
    for (const backend of [here, there, gpu, here]) {
      await useBackend(backend)
      moved.push(draw())
    }
    expect(moved).toEqual(stayed)
    expect(defaultGenerator()).toBe(generator)
  })

  test('of a generator of one’s own move with it', async () => {
    await useBackend(here)
    const [a, b] = [new Generator(3), new Generator(3)]
    const draw = (generator: Generator): number[] => numbers(rand([4], { generator }))
    expect(draw(a)).toEqual(draw(b))
    await useBackend(there)
    await a.to(there)
    const next = draw(a)
    await useBackend(here)
    expect(next).toEqual(draw(b))
  })

  test('start anew where the backend before is gone', async () => {
    const gone = await useBackend(cpu())
    manualSeed(7)
    const first = numbers(rand([4]))
    gone.dispose()
    await useBackend(here)
    expect(numbers(rand([4]))).toEqual(first)
  })
})

interface Run {
  readonly model: Layer
  readonly optimizer: Adam
  readonly lossOf: (x: Tensor, y: Tensor) => Tensor
  readonly batch: (step: number) => [x: Tensor, y: Tensor]
}

/** Values that repeat, without a generator. */
const values = (count: number, from: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * (i + from) + (i % 7)))

const trainStep = ({ optimizer, lossOf }: Run): Run['lossOf'] =>
  jit((x: Tensor, y: Tensor) => {
    optimizer.zeroGrad()
    const loss = lossOf(x, y)
    backward(loss)
    optimizer.step()
    return loss
  })

const runs: Record<string, () => Run> = {
  'a CNN with batch norm and dropout': () => {
    const model = new Sequential(
      new Conv2d(1, 4, 3, { padding: 1 }),
      new BatchNorm2d(4),
      new ReLU(),
      new Dropout(0.3),
      new Flatten(),
      new Linear(4 * 8 * 8, 5),
    )
    const optimizer = new Adam(model.namedParameters(), { lr: 0.01 })
    return {
      model,
      optimizer,
      lossOf: (x, y) => crossEntropy(model.forward(x), y),
      batch: (step) => [tensor(values(6 * 64, 100 * step), [6, 1, 8, 8]), tensor(Int32Array.from({ length: 6 }, (_, i) => (i + step) % 5))],
    }
  },
  'an LSTM': () => {
    class Reader extends Module {
      readonly lstm: LSTM = new LSTM(2, 4, { numLayers: 2, dropout: 0.2 })
      readonly head: Linear = new Linear(4, 1)
      forward(x: Tensor): Tensor {
        return this.head.forward(this.lstm.forward(x).output)
      }
    }
    const model = new Reader()
    const optimizer = new Adam(model.namedParameters(), { lr: 0.01 })
    return {
      model,
      optimizer,
      lossOf: (x, y) => mseLoss(model.forward(x), y),
      batch: (step) => [tensor(values(3 * 4 * 2, 50 * step), [3, 4, 2]), tensor(values(3 * 4, 50 * step + 1), [3, 4, 1])],
    }
  },
}

describe.each(Object.entries(runs))('%s that changes its backend twice', (_, make) => {
  /** Losses of 12 steps, four on a backend each, and that of the trained model, without dropout. */
  const train = async (...places: readonly Backend[]): Promise<number[]> => {
    await useBackend(places[0]!)
    manualSeed(3)
    const run = make()
    const { model, optimizer, lossOf, batch } = run
    const step = trainStep(run)
    const schedule = new StepLR(optimizer, 5)
    const losses: number[] = []
    for (let i = 0; i < 12; i++) {
      const backend = places[Math.floor(i / 4)]!
      await useBackend(backend)
      await model.to(backend)
      await optimizer.to(backend)
      losses.push(await step(...batch(i % 2)).item())
      schedule.step()
    }
    model.eval()
    return [...losses, lossOf(...batch(0)).itemSync()]
  }

  test('goes on as the run that stayed, to 1e-3', async () => {
    const stayed = await train(there, there, there)
    const moved = await train(there, gpu, here)
    expect(stayed[11]).toBeLessThan(stayed[0]!)
    expect(moved.map((loss, i) => Math.abs(loss - stayed[i]!)).filter((gap) => !(gap < 1e-3))).toEqual([])
  })
})
