/** A loop of the user's own as an op: beside the ops' suites, which run its samples on every backend, what may go wrong with it. */
import { backward, grad } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import type { ExprPool, LoopKernel } from '@tenon/kernel'
import { Parameter } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import {
  type CustomKernelOptions,
  counters,
  customKernel,
  DTypeError,
  exp,
  jit,
  ShapeError,
  scan,
  type Tensor,
  tensor,
  UnsupportedError,
  useBackend,
  zeros,
} from '@tenon/tensor'
import { afterEach, describe, expect, test } from 'vitest'

afterEach(async () => void (await useBackend(cpu())))

/** y = x · exp(x − max x) of each row, in one kernel of two stages. */
const weighted = customKernel<[Tensor]>({
  name: 'weighted',
  kernel: (p, { shape, dtype }) => {
    const [rows, columns] = shape as [number, number]
    const at = p.scaleAdd(p.index(0, rows), columns, p.index(1, columns))
    const x = p.load(dtype, 0, at)
    const value = p.binary('mul', x, p.unary('exp', p.binary('sub', x, p.register(dtype, 0))))
    return {
      grid: [rows],
      stages: [
        { kind: 'reduce', op: 'max', extents: [columns], value: x, dtype },
        { kind: 'store', extents: [columns], buffer: 1, index: at, value },
      ],
    }
  },
  backward: ({ dy, inputs: [x] }) => {
    const e = exp(x.sub(x.max(1, { keepdim: true }).detach()))
    return [dy.mul(e.add(x.mul(e)))] // of the numbers below, in which the greatest is a constant
  },
})
const composed = (x: Tensor): Tensor => x.mul(exp(x.sub(x.max(1, { keepdim: true }).detach())))

const example = (): Tensor =>
  tensor(
    Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
    [3, 4],
  )
const close = async (a: Tensor, b: Tensor): Promise<void> => {
  const [found, wanted] = [await a.data(), await b.data()]
  expect(found.length).toBe(wanted.length)
  for (const [i, value] of found.entries()) expect(value).toBeCloseTo(Number(wanted[i]), 5)
}

describe('customKernel', () => {
  test.each([
    ['cpu', () => cpu()],
    ['wasm', () => wasm({ threads: 2 })],
    ['gpujs', () => gpujs({ mode: 'cpu' })],
  ])('with work before and after it, in one program, captured: %s', async (_, make) => {
    await useBackend(make())
    const [x, w] = [example(), new Parameter(example().flip(0))]
    const f = jit((x: Tensor) => weighted(x.transpose(0, 1).add(1).transpose(0, 1).mul(w)).sum(0).mul(2))
    const plain = (x: Tensor): Tensor => composed(x.add(1).mul(w)).sum(0).mul(2)
    await close(f(x), plain(x))
    const { plans } = counters
    const y = f(x)
    expect(counters.plans).toBe(plans)
    await close(y, plain(x))
  })

  test('reads movement, padding and constants of its input in place', async () => {
    await close(weighted(example().slice(1, 0, 4, 2).flip(1)), composed(example().slice(1, 0, 4, 2).flip(1)))
    const padded = (): Tensor =>
      example().pad([
        [1, 0],
        [0, 2],
      ])
    await close(weighted(padded()), composed(padded()))
    await close(weighted(zeros([2, 3])), zeros([2, 3]))
    await close(weighted(tensor(3).expand([2, 2])), tensor(3).expand([2, 2]))
  })

  test('trains: its gradient is the rule that came with it', async () => {
    const x = new Parameter(example())
    const [own, other] = [weighted(x), composed(x)]
    await close(grad(own.mul(own).sum(), x)[0]!, grad(other.mul(other).sum(), x)[0]!)
    const optimizer = new SGD([x], { lr: 0.1 })
    const step = jit(() => {
      const loss = weighted(x).pow(2).mean()
      backward(loss)
      optimizer.step()
      optimizer.zeroGrad()
      return loss
    })
    const losses: number[] = []
    for (let i = 0; i < 20; i++) losses.push(await step().item())
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2)
  })

  test('stands in the body of a scan', async () => {
    const xs = tensor(
      Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
      [2, 3, 4],
    )
    const { carry } = scan((h: Tensor, x: Tensor) => ({ carry: weighted(h.add(x)), y: h }), zeros([3, 4]), xs)
    await close(carry, composed(composed(xs.select(0, 0)).add(xs.select(0, 1))))
  })

  test('a load outside its input is 0', async () => {
    const next = customKernel<[Tensor]>({
      name: 'next',
      kernel: (p, { shape: [n], dtype }) => {
        const i = p.index(0, n!)
        return { grid: [n!], stages: [{ kind: 'store', extents: [], buffer: 1, index: i, value: p.load(dtype, 0, p.add(i, p.int(1))) }] }
      },
    })
    for (const make of [() => cpu(), () => wasm()]) {
      await useBackend(make())
      expect(await next(tensor([1, 2, 3])).toArray()).toEqual([2, 3, 0])
      expect(await next(zeros([0])).toArray()).toEqual([])
    }
  })

  test('is made once for equal shapes and dtypes', () => {
    let made = 0
    const copy = customKernel<[Tensor]>({ name: 'copy', kernel: (p, { shape: [n] }) => copied(p, n! + 0 * made++) })
    copy(tensor([1, 2]))
    copy(tensor([3, 4]))
    copy(tensor([1, 2, 3]))
    expect(made).toBe(2)
  })
})

type Body = Pick<LoopKernel, 'grid' | 'stages'>
const copied = (p: ExprPool, n: number): Body => ({
  grid: [n],
  stages: [{ kind: 'store', extents: [], buffer: 1, index: p.index(0, n), value: p.load('float32', 0, p.index(0, n)) }],
})

describe('what is wrong with it is said when it is called', () => {
  const options = (kernel: (p: ExprPool) => Body, rest: Partial<CustomKernelOptions<[Tensor]>> = {}): CustomKernelOptions<[Tensor]> => ({
    name: 'mine',
    kernel: (p) => kernel(p),
    ...rest,
  })
  const store = (p: ExprPool, change: object): Body => {
    const { grid, stages } = copied(p, 6)
    return { grid, stages: [{ ...stages[0]!, ...change } as never] }
  }
  const i = (p: ExprPool) => p.index(0, 6)

  test.each<[string, (p: ExprPool) => Body, ErrorConstructor | typeof ShapeError, RegExp]>([
    ['no store', () => ({ grid: [6], stages: [] }), RangeError, /^mine: the last stage of a kernel stores its output, and no other does$/],
    ['two stores', (p) => ({ grid: [6], stages: [...copied(p, 6).stages, ...copied(p, 6).stages] }), RangeError, /and no other does/],
    ['a store to an input', (p) => store(p, { buffer: 0 }), RangeError, /the output is buffer 1, and the kernel stores to buffer 0/],
    ['a value of another dtype', (p) => store(p, { value: i(p) }), DTypeError, /the output is float32, and the kernel stores int32/],
    [
      'a load of another dtype',
      (p) => store(p, { value: p.cast('float32', p.load('int32', 0, i(p))) }),
      DTypeError,
      /loads int32 from input 0, which is float32/,
    ],
    [
      'a load from the output',
      (p) => store(p, { value: p.load('float32', 1, i(p)) }),
      RangeError,
      /loads from buffer 1, and there are 1 inputs/,
    ],
    ['too few points', (p) => copied(p, 5), ShapeError, /the output has 6 elements, and the kernel stores 5/],
    ['some elements twice', (p) => store(p, { index: p.binary('idiv', i(p), p.int(2)) }), RangeError, /must count through the 6 elements/],
    ['beyond the end', (p) => store(p, { index: p.add(i(p), p.int(1)) }), RangeError, /must count through the 6 elements/],
    ['an axis that is none', (p) => store(p, { value: p.load('float32', 0, p.index(1, 6)) }), RangeError, /an index over 6 at axis 1/],
    ['a size that is none', (p) => ({ ...copied(p, 6), grid: [1.5, 4] }), RangeError, /.*/],
    [
      'a result of no stage',
      (p) => store(p, { value: p.register('float32', 0) }),
      RangeError,
      /uses the result of stage 0, and no earlier stage reduces there/,
    ],
    ['a scalar', (p) => store(p, { value: p.scalar('float32', 0) }), RangeError, /has a scalar, which a kernel of your own has not/],
  ])('%s', (_, kernel, error, message) => {
    const call = (): unknown => customKernel(options(kernel))(zeros([6]))
    expect(call).toThrow(error)
    expect(call).toThrow(message)
  })

  test('a gradient that it has not', () => {
    const op = customKernel(options((p) => copied(p, 2)))
    const x = new Parameter(tensor([1, 2]))
    expect(() => grad(op(x).sum(), x)).toThrow(UnsupportedError)
    expect(() => grad(op(x).sum(), x)).toThrow('mine has no gradient: give customKernel a backward, or call it on x.detach()')
    expect(() => grad(op(x.detach()).add(x).sum(), x)).not.toThrow()
  })

  test('a gradient of another shape', () => {
    const op = customKernel(options((p) => copied(p, 2), { backward: ({ dy }) => [dy.sum()] }))
    const x = new Parameter(tensor([1, 2]))
    expect(() => grad(op(x).sum(), x)).toThrow(/^mine: backward gave float32 \[\] by input 0, which is float32 \[2\]/)
  })
})
