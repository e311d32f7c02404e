/** Derivatives of derivatives: jvp, and Hessian-vector products of small models against differences of gradients. */
import { grad, jvp } from '@tenon/autograd'
import {
  conv2d,
  DTypeError,
  exp,
  jit,
  log,
  maxPool2d,
  ShapeError,
  sin,
  softmax,
  softplus,
  sqrt,
  type Tensor,
  tanh,
  tensor,
} from '@tenon/tensor'
import { describe, expect, test } from 'vitest'
import { numbers } from './gradient-check.ts'

const f64 = (...values: number[]): Tensor => tensor(Float64Array.from(values))
const values = async (x: Tensor): Promise<number[]> => Array.from(await x.data())

type Loss = (...parameters: Tensor[]) => Tensor

/** Shapes differ from layer to layer, and no layer is linear in what follows. */
const models: Record<string, { readonly shapes: readonly (readonly number[])[]; readonly loss: Loss }> = {
  'an MLP with tanh': {
    shapes: [[3, 5], [5], [5, 2], [2]],
    loss: (w1, b1, w2, b2) =>
      tanh(numbers([4, 3], 91).matmul(w1!).add(b1!))
        .matmul(w2!)
        .add(b2!)
        .pow(2)
        .mean(),
  },
  'an MLP with softplus and cross-entropy': {
    shapes: [
      [3, 5],
      [5, 4],
    ],
    loss: (w1, w2) => {
      const logits = softplus(numbers([6, 3], 92).matmul(w1!)).matmul(w2!)
      const labels = tensor(Int32Array.of(0, 3, 1, 2, 2, 0), [6, 1])
      return log(softmax(logits, -1)).gather(1, labels).mean().neg()
    },
  },
  'a layer norm between two matmuls': {
    shapes: [[3, 6], [6], [6], [6, 2]],
    loss: (w1, gamma, beta, w2) => {
      const h = numbers([4, 3], 93).matmul(w1!)
      const centred = h.sub(h.mean(-1, { keepdim: true }))
      const normed = centred.div(sqrt(centred.pow(2).mean(-1, { keepdim: true }).add(1e-5)))
      return exp(normed.mul(gamma!).add(beta!).matmul(w2!).mul(0.3)).mean()
    },
  },
  'attention of one head': {
    shapes: [
      [4, 3],
      [4, 3],
      [4, 3],
    ],
    loss: (wq, wk, wv) => {
      const x = numbers([5, 4], 94)
      const [q, k, v] = [x.matmul(wq!), x.matmul(wk!), x.matmul(wv!)]
      return softmax(q.matmul(k.transpose(0, 1)).mul(0.5), -1)
        .matmul(v)
        .pow(2)
        .sum()
    },
  },
  'a small CNN': {
    shapes: [[3, 2, 3, 2], [3], [2, 3, 2, 2]],
    loss: (w1, b1, w2) => {
      const h = tanh(conv2d(numbers([2, 2, 7, 6], 95), w1!, b1!, { stride: [2, 1], padding: 1 }))
      return tanh(conv2d(maxPool2d(h, 2), w2!, null, { padding: 1, dilation: 1 }))
        .pow(2)
        .sum()
    },
  },
}

describe('Hessian-vector products', () => {
  for (const [name, { shapes, loss }] of Object.entries(models)) {
    const parameters = shapes.map((shape, i) => numbers(shape, 10 + i, -0.8, 0.8))
    const v = shapes.map((shape, i) => numbers(shape, 50 + i))
    const gradient = (at: readonly Tensor[]): Tensor[] => grad(loss(...at), at)

    test(`${name}: as the derivative of ⟨gradient, v⟩ they agree with differences of gradients`, async () => {
      const along = gradient(parameters).map((g, i) => g.mul(v[i]!).sum())
      const product = grad(
        along.reduce((a, b) => a.add(b)),
        parameters,
        { allowUnused: true },
      )
      const moved = (h: number): Tensor[] => gradient(parameters.map((p, i) => p.add(v[i]!.mul(h))))
      const [up, down] = [moved(1e-5), moved(-1e-5)]
      for (const [i, hv] of product.entries()) {
        const numeric = await values(up[i]!.sub(down[i]!).div(2e-5))
        const analytic = await values(hv)
        const scale = Math.max(...numeric.map(Math.abs), 1e-2)
        numeric.forEach((n, k) => expect(Math.abs(analytic[k]! - n) / scale, `parameter ${i}, element ${k}`).toBeLessThan(1e-6))
        expect(Math.max(...analytic.map(Math.abs))).toBeGreaterThan(1e-4) // there is curvature to see
      }
    })

    test(`${name}: jvp of the gradient gives the same, and jvp of the loss is ⟨gradient, v⟩`, async () => {
      const { value, tangent } = jvp(loss)(parameters, v)
      const inner = await Promise.all(gradient(parameters).map(async (g, i) => (await g.mul(v[i]!).sum().item()) as number))
      expect(await value.item()).toBeCloseTo(await loss(...parameters).item(), 12)
      expect(await tangent.item()).toBeCloseTo(
        inner.reduce((a, b) => a + b),
        10,
      )
      const last = parameters.length - 1
      const forward = jvp((...at: Tensor[]) => gradient(at)[last]!)(parameters, v).tangent
      const along = gradient(parameters)
        .map((g, i) => g.mul(v[i]!).sum())
        .reduce((a, b) => a.add(b))
      const reverse = await values(grad(along, parameters[last]!)[0]!)
      for (const [k, x] of (await values(forward)).entries()) expect(x).toBeCloseTo(reverse[k]!, 10)
    })
  }
})

describe('jvp', () => {
  test('is the directional derivative, of a value with any shape', async () => {
    const { value, tangent } = jvp((a: Tensor, b: Tensor) => sin(a).mul(b))([f64(0, 1), f64(2, 3)], [f64(1, 0), f64(0, 10)])
    expect(await values(value)).toEqual([0, 3 * Math.sin(1)])
    expect(await values(tangent)).toEqual([2, 10 * Math.sin(1)])
  })

  test('gives zeros where the value does not depend on the inputs, and the tangent where it is one', async () => {
    const x = f64(1, 2)
    expect(await values(jvp((_: Tensor) => f64(7, 8))([x], [f64(5, 6)]).tangent)).toEqual([0, 0])
    expect(await values(jvp((a: Tensor) => a)([x], [f64(5, 6)]).tangent)).toEqual([5, 6])
  })

  test('nests, and runs in a jitted function', async () => {
    const second = jit((x: Tensor, v: Tensor) => jvp((a: Tensor) => jvp(exp)([a], [v]).tangent)([x], [v]).tangent)
    expect((await values(second(f64(1), f64(2))))[0]).toBeCloseTo(4 * Math.E, 10)
  })

  test('names a tangent that does not fit or is missing, and inputs without gradients', () => {
    const x = f64(1, 2)
    expect(() => jvp(sin)([x], [f64(1)])).toThrow(ShapeError)
    expect(() => jvp(sin)([x], [f64(1)])).toThrow(/jvp: input 0 is \[2\], its tangent \[1\]/)
    expect(() => jvp((a: Tensor) => a)([x], [] as unknown as [Tensor])).toThrow(/its tangent missing/)
    expect(() => jvp(sin)([x], [tensor([1, 2])])).toThrow(DTypeError)
    expect(() => jvp((a: Tensor) => a)([tensor(Int32Array.of(1))], [tensor(Int32Array.of(1))])).toThrow(/only floats have gradients/)
  })
})
