/** Functions with gradients of the user's own. */
import { backward, customGrad, grad } from '@tenon/autograd'
import { counters, exp, jit, log1p, ShapeError, type Tensor, tensor, Variable, where } from '@tenon/tensor'
import { describe, expect, test } from 'vitest'
import { checkGradients, numbers } from './gradient-check.ts'

const f64 = (...values: number[]): Tensor => tensor(Float64Array.from(values))
const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())

/** log(1 + eˣ), whose gradient 1 − 1 / (1 + eˣ) stays finite where that of its formula is ∞ / ∞. */
const softplus = customGrad(
  (x: Tensor) => log1p(exp(x)),
  ({ dy, inputs: [x] }) => [dy.sub(dy.div(exp(x).add(1)))],
)
/** The same value, and the gradient turned round. */
const reverse = customGrad(
  (x: Tensor) => x,
  ({ dy }) => [dy.neg()],
)

describe('customGrad', () => {
  test('gives the value of forward and the gradient of backward', async () => {
    const x = f64(0, 1000)
    const y = softplus(x)
    expect((await values(y))[0]).toBeCloseTo(Math.log(2), 12)
    expect(await values(grad(y.sum(), x)[0]!)).toEqual([0.5, 1])
    expect((await values(grad(log1p(exp(x)).sum(), x)[0]!))[1]).toBeNaN() // what it is for
  })

  test('has second derivatives, because backward is written with ops', async () => {
    await checkGradients('softplus', (x) => softplus(x!), [numbers([3, 2], 1)])
    await checkGradients('softplus of a product', (x, y) => softplus(x!.mul(y!)).mul(y!), [numbers([4], 1), numbers([4], 2)])
  })

  test('takes back what forward only passes on', async () => {
    const x = f64(2, 3)
    expect(await values(grad(reverse(x).mul(x).sum(), x)[0]!)).toEqual([0, 0])
    expect(await values(grad(reverse(x).sum(), x)[0]!)).toEqual([-1, -1])
  })

  test('hands y to backward, and null is no gradient', async () => {
    const expOf = customGrad(
      (x: Tensor, scale: Tensor, pick: Tensor) => where(pick, exp(x).mul(scale), 0),
      ({ dy, y }) => [dy.mul(y), null, null],
    )
    const [x, scale, pick] = [f64(0, 1), f64(2, 3), tensor([true, false])]
    const [byX, byScale] = grad(expOf(x, scale, pick).sum(), [x, scale], { allowUnused: true })
    expect(await values(byX!)).toEqual([2, 0])
    expect(await values(byScale!)).toEqual([0, 0])
    expect(() => grad(expOf(x, scale, pick).sum(), scale)).toThrow(/no output depends on input 0/)
  })

  test('leaves gradients in Variables that are its inputs, and in none that forward closes over', async () => {
    const [w, hidden] = [1, 2].map((value) => Object.assign(new Variable(f64(value)), { requiresGrad: true })) as [Variable, Variable]
    const f = customGrad(
      (x: Tensor) => x.mul(hidden),
      ({ dy }) => [dy.mul(10)],
    )
    backward(f(w).sum())
    expect(await values(w.grad!)).toEqual([10])
    expect(hidden.grad).toBeNull()
  })

  test('runs in a jitted step, and a loop of steps plans once', async () => {
    const w = Object.assign(new Variable(f64(1, 2)), { requiresGrad: true })
    const step = jit((x: Tensor) => {
      w.grad = null
      const loss = reverse(w.mul(x)).sum()
      backward(loss)
      w.assign(w.add(w.grad!))
      return loss
    })
    expect(await step(f64(1, 1)).item()).toBe(3)
    expect(await values(w)).toEqual([0, 1])
    const plain = (scale: number): Tensor => {
      const x = f64(1, scale)
      return grad(softplus(x).sum(), x)[0]!
    }
    await plain(1).data()
    const { plans } = counters
    for (const scale of [2, 3]) await plain(scale).data()
    expect(counters.plans).toBe(plans)
  })

  test('what its inputs are made of is computed only where the gradient asks for it', async () => {
    const backend = { runs: counters.runs }
    const x = f64(1, 2)
    const unread = exp(x).mul(3)
    const f = customGrad(
      (a: Tensor, _: Tensor) => a.mul(2),
      ({ dy, inputs: [, b] }) => [dy.mul(b), null],
    )
    const y = f(x, unread)
    expect(await values(y)).toEqual([2, 4])
    expect(unread.node.storage).toBeNull()
    expect((await values(grad(y.sum(), x)[0]!))[0]).toBeCloseTo(3 * Math.E, 12)
    expect(counters.runs).toBeGreaterThan(backend.runs)
  })

  test('says what of backward does not fit', () => {
    const x = f64(1, 2)
    const few = customGrad(
      (a: Tensor, b: Tensor) => a.mul(b),
      ({ dy }) => [dy],
    )
    const shape = customGrad(
      (a: Tensor) => a.sum(),
      ({ dy }) => [dy],
    )
    const dtype = customGrad(
      (a: Tensor) => a.neg(),
      ({ dy }) => [dy.cast('float32')],
    )
    expect(() => grad(few(x, x).sum(), x)).toThrow(ShapeError)
    expect(() => grad(few(x, x).sum(), x)).toThrow(/backward gave 1 gradients; it gives one for each of 2 inputs/)
    expect(() => grad(shape(x), x)).toThrow(/backward gave float64 \[\] by input 0, which is float64 \[2\]/)
    expect(() => grad(dtype(x).sum(), x)).toThrow(/backward gave float32 \[2\] by input 0, which is float64 \[2\]/)
  })
})
