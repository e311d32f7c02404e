/** What `checkpoint` computes again instead of keeping it: gradients, and the memory of a step. */
import { backward, checkpoint, customGrad, grad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import type { Program } from '@tenon/kernel'
import { BatchNorm2d, Dropout, Linear } from '@tenon/nn'
import { currentBackend, exp, jit, manualSeed, scan, softmax, type Tensor, tanh, tensor, useBackend, Variable } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { checkGradients, numbers } from './gradient-check.ts'

const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())
const parameter = (value: Tensor): Variable => Object.assign(new Variable(value), { requiresGrad: true })

afterEach(() => useBackend(cpu()))

describe('checkpoint', () => {
  test('changes neither value nor gradients, those of what fn closes over included', async () => {
    const [w, v] = [parameter(numbers([4, 4], 1)), parameter(numbers([4], 2))]
    const x = numbers([3, 4], 3)
    const block = (h: Tensor): Tensor => tanh(h.matmul(w)).mul(v).add(h)
    const results: number[][] = []
    for (const f of [block, checkpoint(block)]) {
      w.grad = v.grad = null
      const loss = f(f(x).mul(2)).pow(2).sum()
      backward(loss)
      const [byX] = grad(loss, x)
      results.push([await loss.item(), ...(await values(w.grad!)), ...(await values(v.grad!)), ...(await values(byX!))])
    }
    expect(results[1]).toEqual(results[0])
  })

  test('agrees with differences to the second derivative, nested and with inputs that are made of one another', async () => {
    const inner = checkpoint((a: Tensor, b: Tensor) => tanh(a).mul(exp(b)))
    const outer = checkpoint((a: Tensor, b: Tensor) => inner(a.mul(b), b).add(inner(b, b).sum()))
    await checkGradients('nested', (a, b) => outer(a!, b!), [numbers([3], 1), numbers([3], 2)])
    const f = checkpoint((a: Tensor, b: Tensor) => tanh(a.mul(b)))
    await checkGradients(
      'b is made of a',
      (a) => {
        const b = a!.mul(a!)
        return f(a!, b).mul(b)
      },
      [numbers([3], 3)],
    )
  })

  test('takes functions that pass an input on, and arguments that are no tensors', async () => {
    const x = numbers([2], 1)
    const same = checkpoint((a: Tensor) => a)
    expect(await values(grad(same(x).mul(3).sum(), x)[0]!)).toEqual([3, 3])
    const scaled = checkpoint((a: Tensor, by: { readonly times: number }) => a.mul(by.times))
    expect(await values(grad(scaled(x, { times: 4 }).sum(), x)[0]!)).toEqual([4, 4])
  })

  test('holds in the body of a scan, and around one', async () => {
    const product = customGrad(
      (a: Tensor, b: Tensor) => a.mul(b),
      ({ dy, inputs: [a, b] }) => [dy.mul(b), dy.mul(a)],
    )
    const cell = checkpoint((c: Tensor, x: Tensor, w: Tensor) => tanh(product(c, w).add(x)))
    const loop = (init: Tensor, xs: Tensor, w: Tensor): Tensor => {
      const step = (c: Tensor, x: Tensor) => ({ carry: cell(c, x, w), y: c.mul(x) })
      const { carry, ys } = scan(step, init, xs)
      return ys.sum(0).add(carry)
    }
    const inputs = [numbers([2], 1), numbers([3, 2], 2), numbers([2], 3)]
    await checkGradients('inside', (c, xs, w) => loop(c!, xs!, w!), inputs)
    await checkGradients('around', (c, xs, w) => checkpoint(loop)(c!, xs!, w!), inputs)
  })

  test('dropout drops the same elements both times', async () => {
    manualSeed(3)
    const dropout = new Dropout(0.5)
    const x = tensor(new Float64Array(64).fill(1))
    const y = checkpoint((h: Tensor) => dropout.forward(h.mul(h)))(x)
    const [byX] = grad(y.sum(), x)
    expect(await values(byX!)).toEqual((await values(y)).map((v) => 2 * v))
    expect(new Set(await values(y))).toEqual(new Set([0, 2]))
  })

  test('running statistics move once', async () => {
    const x = numbers([4, 2, 3, 3], 1).cast('float32')
    const moved: number[][] = []
    for (const wrap of [(f: (x: Tensor) => Tensor) => f, checkpoint<[Tensor]>]) {
      const norm = new BatchNorm2d(2)
      backward(
        wrap((h: Tensor) => norm.forward(h))(x)
          .pow(2)
          .sum(),
      )
      moved.push([...(await values(norm.runningMean!)), ...(await values(norm.runningVar!)), ...(await values(norm.weight!.grad!))])
    }
    expect(moved[1]).toEqual(moved[0])
  })
})

describe('the memory of a step', () => {
  /** The program with the most memory that `run` makes. */
  async function largest(run: () => Promise<unknown>): Promise<Program> {
    const programs: Program[] = []
    const backend = cpu()
    await useBackend({
      ...backend,
      compile: (program) => {
        programs.push(program)
        return backend.compile(program)
      },
    })
    await run()
    return programs.reduce((a, b) => (b.arenaBytes > a.arenaBytes ? b : a))
  }

  const depth = 16
  const [rows, width] = [256, 16]
  const activation = rows * width * 4
  type Layer = (x: Tensor) => Tensor
  /** A training step through `depth` layers, in checkpoints of four or in none. */
  async function step(make: () => Layer, wrap: (f: Layer) => Layer): Promise<{ program: Program; gradients: number[] }> {
    manualSeed(0)
    weights.clear()
    let gradients: number[] = []
    const x = tensor(
      Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i)),
      [rows, width],
    )
    const program = await largest(async () => {
      const layers = Array.from({ length: depth }, make)
      const groups = [0, 4, 8, 12].map((i) => wrap((h) => layers.slice(i, i + 4).reduce((y, f) => f(y), h)))
      const run = jit((input: Tensor) => {
        const loss = groups
          .reduce((h, group) => group(h), input)
          .pow(2)
          .mean()
        return grad(loss, [input, ...weights])
      })
      gradients = (await Promise.all(run(x).map(values))).flat()
    })
    return { program, gradients }
  }

  /** The same layer each time, for as long as the backend stays. */
  const shared = (make: () => Layer) => {
    let made: { layer: Layer; on: object } | null = null
    return (): Layer => {
      if (made?.on !== currentBackend()) made = { layer: make(), on: currentBackend() }
      return made!.layer
    }
  }
  const weights = new Set<Tensor>()
  const linear = (): Linear => {
    const made = new Linear(width, width)
    weights.add(made.weight)
    return made
  }
  const layers: Record<string, () => Layer> = {
    'a chain of matmuls and tanh': () => {
      const own = linear()
      return (x) => tanh(own.forward(x))
    },
    'matmuls that share their weights': shared(() => {
      const own = linear()
      return (x) => softmax(tanh(own.forward(x)), -1)
    }),
    // loops that read the same rows, which would be merged with their originals if nothing kept them apart
    'a chain of softmaxes': () => (x) => softmax(x.mul(2), -1).add(x),
  }
  for (const [name, layer] of Object.entries(layers)) {
    test(`${name}: its peak is lower with checkpoints, and its gradients are the same`, async () => {
      const [plain, checked] = [await step(layer, (f) => f), await step(layer, checkpoint)]
      expect(difference(checked.gradients, plain.gradients)).toBeNull()
      expect(plain.program.arenaBytes).toBeGreaterThanOrEqual(depth * activation)
      expect(checked.program.arenaBytes).toBeLessThanOrEqual(0.75 * plain.program.arenaBytes)
    })
  }

  test('what is computed again is not merged with its original, though it reads the same', async () => {
    const layer = (): Layer => {
      const own = linear()
      return (x) => own.forward(softmax(x, -1))
    }
    // one softmax for each checkpoint: its copy depends on nothing but what the original reads
    const [plain, checked] = [
      await step(layer, (f) => f),
      await step(
        () => checkpoint(layer()),
        (f) => f,
      ),
    ]
    expect(checked.gradients).toEqual(plain.gradients)
    expect(plain.program.arenaBytes).toBeGreaterThanOrEqual(2 * depth * activation)
    expect(checked.program.arenaBytes).toBeLessThanOrEqual((depth + 3.1) * activation) // the inputs, what one copy takes, and a few numbers a row
  })

  test('no value of the inside is left behind by a step that is not jitted', async () => {
    const held: number[] = []
    for (const wrap of [(f: Layer) => f, checkpoint]) {
      const backend = await useBackend(wasm())
      const w = parameter(
        tensor(
          Float32Array.from({ length: width * width }, (_, i) => Math.cos(i)),
          [width, width],
        ),
      )
      const block = wrap((h) => Array.from({ length: 4 }).reduce<Tensor>((y) => tanh(y.matmul(w)), h))
      const x = tensor(
        Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i)),
        [rows, width],
      )
      backward(block(x).sum())
      await w.grad!.data()
      held.push(backend.report().memory.bufferBytes)
    }
    expect(held[1]!).toBeLessThanOrEqual(held[0]! - 3 * activation)
  })
})
