import { backward } from '@tenon/autograd'
import { crossEntropy, Dropout, Linear, type Parameter, ReLU, Sequential } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import {
  counters,
  currentBackend,
  exp,
  jit,
  manualSeed,
  memory,
  randn,
  StaleTensorError,
  type Tensor,
  tensor,
  useBackend,
  Variable,
} from '@tenon/tensor'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { backends } from './backends.ts'

const labels = (): Tensor => tensor(Int32Array.of(0, 1, 2, 0))

describe.each(backends)('what users may rely on, on $name', ({ make }) => {
  const before = currentBackend()
  beforeAll(async () => {
    await useBackend(make())
  })
  afterAll(async () => {
    await useBackend(before)
  })

  const training = (): { model: Sequential; optimizer: SGD; step(): { logits: Tensor; loss: Tensor } } => {
    manualSeed(1)
    const model = new Sequential(new Linear(6, 8), new ReLU(), new Linear(8, 3))
    const optimizer = new SGD(model.namedParameters(), { lr: 0.1, momentum: 0.9 })
    const images = tensor(
      Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [4, 6],
    )
    const step = (): { logits: Tensor; loss: Tensor } => {
      optimizer.zeroGrad()
      const logits = model.forward(images)
      const loss = crossEntropy(logits, labels())
      backward(loss)
      optimizer.step()
      return { logits, loss }
    }
    return { model, optimizer, step }
  }

  test('logits and loss can be read after the step that changed the weights they were made of', () => {
    const { model, step } = training()
    const wanted = model
      .forward(
        tensor(
          Float32Array.from({ length: 24 }, (_, i) => Math.sin(i)),
          [4, 6],
        ),
      )
      .dataSync()
    const { logits, loss } = step()
    expect([...logits.dataSync()]).toEqual([...wanted])
    expect(loss.itemSync()).toBeCloseTo(crossEntropy(tensor(wanted, [4, 3]), labels()).itemSync(), 5)
  })

  test('a state that is carried from step to step may be assigned before the step or after it', () => {
    const losses = (after: boolean): number[] => {
      manualSeed(5)
      const layer = new Linear(3, 3)
      const optimizer = new SGD(layer.namedParameters(), { lr: 0.1 })
      const state = new Variable(tensor([[1, -1, 2]]))
      const carry = (next: Tensor): void => state.assign(next.detach())
      return Array.from({ length: 6 }, () => {
        const hidden = exp(layer.forward(state).neg())
        const loss = crossEntropy(layer.forward(hidden), tensor(Int32Array.of(1)))
        backward(loss)
        if (!after) carry(hidden)
        optimizer.step()
        if (after) carry(hidden)
        optimizer.zeroGrad()
        return loss
      }).map((loss) => loss.itemSync())
    }
    expect(losses(true)).toEqual(losses(false))
  })

  test('a value that was not kept is refused after its variable changed, by name, and never wrong', () => {
    const weight = new Variable(tensor([1, 2]), { name: 'features.0.weight' })
    const hidden = exp(weight.mul(2))
    weight.assign(weight.add(1))
    weight.dataSync()
    expect(() => hidden.dataSync()).toThrow(/features\.0\.weight/)
  })

  test('an assign whose reads come later gets memory of its own', () => {
    const v = new Variable(tensor([1, 2, 3]))
    const old = v.mul(10)
    v.assign(v.flip(0))
    expect([[...old.add(v).dataSync()], [...v.dataSync()]]).toEqual([
      [13, 22, 31],
      [3, 2, 1],
    ])
  })

  test.each(['eager', 'jit'])('a gradient can be read until the next step, whatever runs in between, and is not copied: %s', (mode) => {
    const { model, step } = training()
    const run = mode === 'jit' ? jit(() => step().loss) : () => step().loss
    const other = jit((x: Tensor) => x.mul(2))
    const [[, weight]] = model.namedParameters() as [[string, Parameter]]
    const read = (): string => weight.grad!.dataSync().join()
    run()
    const first = read()
    for (let i = 0; i < 4; i++) {
      other(tensor([i])).itemSync()
      model.forward(randn([2, 6])).dataSync()
    }
    expect(read()).toBe(first)
    const left = weight.grad!
    run()
    expect(read()).not.toBe(first)
    expect(() => left.dataSync()).toThrow(StaleTensorError)
  })

  test('what can be computed again is not copied while nobody reads it, and takes no more memory than before', async () => {
    const own = await make()
    const readSync = vi.fn(own.readSync!)
    await useBackend({ ...own, readSync })
    const [a, b] = [tensor(new Float32Array(600).fill(0.5), [30, 20]), tensor(new Float32Array(800).fill(3), [20, 40])]
    const f = jit((x: Tensor, y: Tensor) => x.matmul(y))
    const held = Array.from({ length: 200 }, () => f(a, b))
    const { buffers } = memory()
    for (let i = 0; i < 200; i++) held.push(f(a, b))
    expect(memory().buffers).toBe(buffers)
    expect(readSync).not.toHaveBeenCalled()
    const wanted = a.matmul(b).dataSync()
    for (const t of held) expect(t.dataSync()).toEqual(wanted)
    expect(memory().buffers).toBeLessThanOrEqual(buffers)
    await useBackend(own)
  })

  test('results of small functions keep their values over many others, those of results and those that hold no argument too', () => {
    const [a, b] = [randn([30, 20]), randn([30, 20])]
    const f = jit((x: Tensor, y: Tensor) => [x.add(y), x.mul(y).sum()] as const)
    const g = jit((x: Tensor) => x.mul(2))
    const v = new Variable(tensor([1, 2]))
    const h = jit(() => v.mul(3))
    const [sum, product] = f(a, b)
    const [doubled, tripled] = [g(sum), h()]
    v.assign(v.mul(10))
    for (let i = 0; i < 200; i++) f(a, b)
    expect(doubled.dataSync()).toEqual(sum.dataSync().map((x) => 2 * x))
    expect(product.itemSync()).toBeCloseTo(a.mul(b).sum().itemSync(), 4)
    expect([...tripled.dataSync()]).toEqual([3, 6])
  })

  test('a learning rate that changes plans nothing anew, with jit and without', () => {
    for (const wrap of [(fn: () => unknown) => fn, (fn: () => unknown) => jit(fn)]) {
      const { optimizer, step } = training()
      const run = wrap(step)
      for (let i = 0; i < 4; i++) run()
      const { plans } = counters
      for (let i = 0; i < 5; i++) {
        optimizer.lr = 0.1 / (i + 2)
        run()
      }
      expect(counters.plans).toBe(plans)
    }
  })

  test('eval() is seen by a function captured while training', () => {
    const model = new Sequential(new Dropout(0.5))
    const forward = jit((x: Tensor) => model.forward(x))
    const x = tensor(new Float32Array(64).fill(1))
    expect(forward(x).dataSync()).toContain(0)
    model.eval()
    expect([...forward(x).dataSync()]).toEqual([...x.dataSync()])
  })

  test('dropout differs from step to step and repeats with the seed', () => {
    const layer = new Dropout(0.5)
    const x = tensor(new Float32Array(64).fill(1))
    for (const forward of [(t: Tensor) => layer.forward(t), jit((t: Tensor) => layer.forward(t))]) {
      const draws = (): string[] => {
        manualSeed(7)
        return [1, 2, 3].map(() => forward(x).dataSync().join())
      }
      const first = draws()
      expect(new Set(first).size).toBe(3)
      expect(draws()).toEqual(first)
    }
  })

  test('a batch given as a typed array is copied', () => {
    const batch = Float32Array.of(1, 2)
    const x = tensor(batch)
    batch.fill(9)
    expect([...x.dataSync()]).toEqual([1, 2])
  })

  test.each([
    ['awaiting', 'eager'],
    ['awaiting', 'jit'],
    ['never yielding', 'eager'],
    ['never yielding', 'jit'],
  ])('memory is flat from step 200 to step 2,000, %s, %s, with every loss held', async (reading, mode) => {
    const { step } = training()
    const run = mode === 'jit' ? jit(() => step().loss) : () => step().loss
    const losses: Tensor[] = []
    let at200 = memory()
    for (let i = 1; i <= 2000; i++) {
      const loss = run()
      losses.push(loss)
      if (reading === 'awaiting') await loss.item()
      if (i === 200) at200 = memory()
    }
    expect(memory()).toEqual(at200)
    expect(losses[1999]!.itemSync()).toBeLessThan(losses[0]!.itemSync())
  })
})

test('random numbers are the same on every backend', async () => {
  const before = currentBackend()
  const drawn: string[] = []
  for (const { make } of backends) {
    await useBackend(make())
    manualSeed(11)
    drawn.push([...randn([16]).dataSync()].map((x) => x.toFixed(4)).join())
  }
  await useBackend(before)
  expect(new Set(drawn).size).toBe(1)
})
