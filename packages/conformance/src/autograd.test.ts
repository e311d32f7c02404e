import { backward, GradientError, grad, noGrad, valueAndGrad } from '@tenon/autograd'
import { DTypeError, exp, ones, rand, ShapeError, sin, type Tensor, tensor, Variable, where } from '@tenon/tensor'
import { describe, expect, test } from 'vitest'
import { numbers } from './gradient-check.ts'

const f64 = (...values: number[]): Tensor => tensor(Float64Array.from(values))
const scalar = (value: number): Tensor => tensor(new Float64Array([value]), [])

function parameter(value: Tensor, name: string): Variable {
  const variable = new Variable(value, { name })
  variable.requiresGrad = true
  return variable
}

const values = async (x: Tensor | null): Promise<number[]> => Array.from(await x!.data())

describe('backward', () => {
  test('leaves d loss / d v in .grad of every Variable with requiresGrad, and of no other', async () => {
    const w = parameter(f64(1, 2, 3), 'w')
    const b = parameter(scalar(0.5), 'b')
    const frozen = new Variable(f64(4, 5, 6))
    backward(w.mul(frozen).add(b).sum())
    expect(await values(w.grad)).toEqual([4, 5, 6])
    expect(await values(b.grad)).toEqual([3])
    expect(frozen.grad).toBeNull()
  })

  test('finds its way through an output that was read, behind however many random draws', async () => {
    const w = parameter(f64(1), 'w')
    const initialised = Array.from({ length: 70 }, () => new Variable(rand([1], { dtype: 'float64' })))
    const y = initialised.reduce((sum, v) => sum.add(v.mul(0)), w.mul(3))
    await y.data()
    backward(y.sum())
    expect(await values(w.grad)).toEqual([3])
  })

  test('adds to a gradient that is there, and walks the same graph as often as it is asked', async () => {
    const w = parameter(f64(1, 2), 'w')
    const loss = w.mul(w).sum()
    backward(loss)
    backward(loss)
    backward(w.sum())
    expect(await values(w.grad)).toEqual([5, 9])
  })

  test('sums over every use of a Variable, before and after an assign', async () => {
    const w = parameter(f64(1, 2), 'w')
    const before = w.mul(3)
    w.assign(f64(10, 20))
    backward(before.add(w.mul(w)).sum())
    expect(await values(w.grad)).toEqual([23, 43])
  })

  test('takes the gradient by a value that is not a single number', async () => {
    const w = parameter(f64(1, 2), 'w')
    backward(w.mul(w), f64(1, 10))
    expect(await values(w.grad)).toEqual([2, 40])
  })

  test('takes a Variable as the loss', async () => {
    const w = parameter(scalar(2), 'w')
    backward(w)
    expect(await values(w.grad)).toEqual([1])
  })

  test('works after the loss was read', async () => {
    const w = parameter(f64(1, 2), 'w')
    const loss = w.mul(w).sum()
    expect(await loss.item()).toBe(5)
    backward(loss)
    expect(await values(w.grad)).toEqual([2, 4])
  })

  test('leaves gradients that can be read after a Variable on the way has changed, the loss read or not', async () => {
    const w = parameter(f64(1, 2), 'w')
    const count = new Variable(scalar(3))
    for (const read of [false, true]) {
      w.grad = null
      const loss = exp(w.mul(count)).sum()
      count.assign(count.add(1))
      backward(loss)
      if (read) await loss.item()
      const factor = read ? 4 : 3
      expect((await values(w.grad))[1]).toBeCloseTo(factor * Math.exp(2 * factor), 6)
    }
  })

  test('keeps the dtype of each Variable', () => {
    const w = parameter(tensor([1, 2]), 'w')
    backward(w.cast('float64').sum())
    expect(w.grad!.dtype).toBe('float32')
  })

  test('names a loss that is not a single number, a gradient that does not fit, a dtype without gradients', () => {
    const w = parameter(f64(1, 2), 'w')
    expect(() => backward(w.mul(2))).toThrow(ShapeError)
    expect(() => backward(w.mul(2))).toThrow(/mul float64 \[2\] is not a single number; reduce it with sum\(\) or mean\(\)/)
    expect(() => backward(w.mul(2), f64(1, 2, 3))).toThrow(/gradient passed has shape \[3\], the value it is by has \[2\]/)
    expect(() => backward(w.mul(2), tensor([1, 2]))).toThrow(DTypeError)
    expect(() => backward(w.argmax())).toThrow(/only floats have gradients, and .* int32 \[\] is none/)
    expect(w.grad).toBeNull()
  })

  test('names what cut the way to every Variable', () => {
    const w = parameter(f64(1, 2), 'w')
    expect(() => backward(f64(1).sum())).toThrow(GradientError)
    expect(() => backward(w.detach().sum())).toThrow(/depends on no Variable with requiresGrad.*cut by detach/)
    expect(() => backward(noGrad(() => w.mul(2)).sum())).toThrow(/cut by noGrad/)
    expect(() => backward(new Variable(f64(1)).sum())).toThrow(/Parameters have requiresGrad/)
  })
})

describe('grad', () => {
  test('gives the gradient by each input, by intermediate values too, and leaves .grad alone', async () => {
    const w = parameter(f64(1, 2), 'w')
    const h = w.mul(3)
    const [byH, byW] = grad(h.mul(h).sum(), [h, w])
    expect(await values(byH!)).toEqual([6, 12])
    expect(await values(byW!)).toEqual([18, 36])
    expect(w.grad).toBeNull()
  })

  test('sums over several outputs, each with its own incoming gradient', async () => {
    const x = f64(1, 2)
    const [g] = grad([x.mul(2), x.mul(x)], x, { gradOutputs: [f64(1, 1), f64(1, 10)] })
    expect(await values(g!)).toEqual([4, 42])
  })

  test('says which input no output depends on, or gives zeros when asked', async () => {
    const [x, y] = [f64(1, 2), f64(3, 4)]
    expect(() => grad(x.sum(), [x, y])).toThrow(/no output depends on input 1, .*float64 \[2\]/)
    const [, zero] = grad(x.sum(), [x, y], { allowUnused: true })
    expect(await values(zero!)).toEqual([0, 0])
    expect(() => grad(x.sum(), [x.argmax()])).toThrow(DTypeError)
    expect(() => grad([x, y], [x, y], { gradOutputs: [x] })).toThrow(/2 outputs need as many gradOutputs, got 1/)
  })

  test('visits a shared subgraph once', async () => {
    const x = f64(1)
    let y = x
    for (let i = 0; i < 40; i++) y = y.add(y) // 2⁴⁰ paths
    const [g] = grad(y.sum(), x)
    expect(await values(g!)).toEqual([2 ** 40])
  })

  test('builds nothing that nobody wants', () => {
    const [a, b] = [numbers([3, 4], 1), numbers([4, 5], 2)]
    const y = a.matmul(b).sum()
    const first = ones([1]).node.id
    grad(y, a)
    const wanted = ones([1]).node.id - first
    grad(y, [a, b])
    expect(ones([1]).node.id - first - wanted).toBeGreaterThan(wanted)
  })

  test('has gradients of its own, to any order', async () => {
    const x = f64(0.7)
    let y = sin(x)
    for (let order = 0; order < 4; order++) y = grad(y.sum(), x)[0]!
    expect((await values(y))[0]).toBeCloseTo(Math.sin(0.7), 12)
  })

  test('walks a chain of 100,000 ops without recursion', () => {
    const x = f64(1)
    let y = x
    for (let i = 0; i < 100_000; i++) y = y.neg()
    expect(grad(y.sum(), x)[0]!.shape).toEqual([1])
  })

  test('is right along a chain of 3,000 ops', async () => {
    const x = f64(1, -2)
    let y = x
    for (let i = 0; i < 3_000; i++) y = y.mul(1.0001)
    const [g] = grad(y.sum(), x)
    expect((await values(g!))[0]).toBeCloseTo(1.0001 ** 3000, 9)
  })
})

describe('valueAndGrad', () => {
  test('gives the value and the gradient by each tensor argument', async () => {
    const fn = valueAndGrad((a: Tensor, factor: number, b: Tensor) => a.mul(b).mul(factor).sum())
    const { value, grads } = fn(f64(1, 2), 3, f64(4, 5))
    expect(await value.item()).toBe(42)
    expect(await values(grads[0])).toEqual([12, 15])
    expect(grads[1]).toBeNull()
    expect(await values(grads[2])).toEqual([3, 6])
  })

  test('tells two arguments apart that are the same tensor, and takes Variables', async () => {
    const x = new Variable(f64(2, 3))
    const { grads } = valueAndGrad((a: Tensor, b: Tensor) => a.mul(a).mul(b).sum())(x, x)
    expect(await values(grads[0])).toEqual([8, 18])
    expect(await values(grads[1])).toEqual([4, 9])
  })

  test('nests', async () => {
    const first = (x: Tensor): Tensor => valueAndGrad((y: Tensor) => exp(y.mul(2)).sum())(x).grads[0]
    const { value, grads } = valueAndGrad((x: Tensor) => first(x).sum())(f64(0.3))
    expect(await value.item()).toBeCloseTo(2 * Math.exp(0.6), 12)
    expect((await values(grads[0]))[0]).toBeCloseTo(4 * Math.exp(0.6), 12)
  })

  test('refuses a tensor argument that can have no gradient', () => {
    const labels = tensor(new Int32Array([1, 0]))
    const fn = valueAndGrad((x: Tensor, index: Tensor) => x.gather(0, index).sum())
    expect(() => fn(f64(1, 2), labels)).toThrow(/input 1 is a tensor made of given values int32 \[2\]/)
  })
})

describe('noGrad', () => {
  test('makes constants of what is computed inside, and only of that', async () => {
    const w = parameter(f64(1, 2), 'w')
    const scale = noGrad(() => w.mul(10))
    backward(w.mul(scale).sum())
    expect(await values(w.grad)).toEqual([10, 20])
  })

  test('leaves a Variable that is first read inside a Variable', async () => {
    const w = parameter(f64(1, 2), 'w')
    noGrad(() => w.assign(w.mul(2)))
    backward(w.mul(w).sum())
    expect(await values(w.grad)).toEqual([4, 8])
  })

  test('ends with its function, also when that throws', () => {
    const x = f64(1)
    expect(() =>
      noGrad(() => {
        throw new Error('stop')
      }),
    ).toThrow('stop')
    expect(grad(x.mul(2).sum(), x)).toHaveLength(1)
  })

  test('covers an async function to its end, and several at a time', async () => {
    const x = f64(1, 2)
    const later = (ms: number): Promise<Tensor> =>
      noGrad(async () => {
        await new Promise((resolve) => setTimeout(resolve, ms))
        return x.mul(2)
      })
    const inside = await Promise.all([later(1), later(10), later(5)])
    for (const y of inside) expect(() => grad(y.sum(), x)).toThrow(/cut by noGrad/)
    expect(grad(x.mul(2).sum(), x)).toHaveLength(1)
  })

  test('does not keep the gradient itself from being built', async () => {
    const x = f64(1, 2)
    const y = where(x.gt(1), x.mul(x), x).sum()
    const [g] = noGrad(() => grad(y, x))
    expect(await values(g!)).toEqual([1, 4])
  })
})
