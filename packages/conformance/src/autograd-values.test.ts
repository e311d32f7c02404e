/** Gradients where the derivative does not exist, PyTorch's values (torch 1.13, float64), and where it is easily lost. */
import { grad } from '@tenon/autograd'
import { atan2, log, maximum, minimum, primitive, sigmoid, sqrt, type Tensor, tensor, where } from '@tenon/tensor'
import { expect, test } from 'vitest'

const f64 = (...values: number[]): Tensor => tensor(Float64Array.from(values))

async function gradients(fn: (...xs: Tensor[]) => Tensor, ...xs: Tensor[]): Promise<number[][]> {
  const grads = grad(fn(...xs).sum(), xs)
  return Promise.all(grads.map(async (g) => Array.from(await g.data(), (v) => v + 0))) // −0 counts as 0
}

const cases: readonly [string, (...xs: Tensor[]) => Tensor, Tensor[], number[][]][] = [
  ['abs', (x) => x!.abs(), [f64(-1, 0, 2)], [[-1, 0, 1]]],
  ['sign', (x) => primitive('sign', [x!], {}), [f64(-1, 0, 2)], [[0, 0, 0]]],
  ['sqrt at 0', (x) => sqrt(x!), [f64(0, 4)], [[Infinity, 0.25]]],
  ['sigmoid far out', (x) => sigmoid(x!), [f64(-1000, -40, 0, 40, 1000)], [[0, 4.248354255291589e-18, 0.25, 4.248354255291589e-18, 0]]],
  [
    'the third derivative of sigmoid, at 0 too',
    (x) => grad(grad(sigmoid(x!).sum(), x!)[0]!.sum(), x!)[0]!,
    [f64(-1000, 0, 1000)],
    [[0, -0.125, 0]],
  ],
  ['log at 0', (x) => log(x!), [f64(0, -1)], [[Infinity, -1]]],
  [
    'maximum of equals and of NaN',
    (a, b) => maximum(a!, b!),
    [f64(1, 2, 3, NaN), f64(1, 3, 2, 1)],
    [
      [0.5, 0, 1, 1],
      [0.5, 1, 0, 1],
    ],
  ],
  [
    'minimum of equals',
    (a, b) => minimum(a!, b!),
    [f64(1, 2, 3), f64(1, 3, 2)],
    [
      [0.5, 1, 0],
      [0.5, 0, 1],
    ],
  ],
  [
    'pow at base 0',
    (a, b) => a!.pow(b!),
    [f64(0, 0, 0, 0, 2, 0, -2), f64(0, 1, 2, 0.5, 0, -1, 2)],
    [
      [0, 1, 0, Infinity, 0, -Infinity, -4],
      [0, 0, 0, 0, Math.LN2, -Infinity, NaN],
    ],
  ],
  ['pow 0 of NaN', (a) => a!.pow(0), [f64(0, 1, NaN)], [[0, 0, 0]]],
  ['prod with one zero', (x) => x!.prod(), [f64(2, 0, 3)], [[0, 6, 0]]],
  ['prod with two zeros', (x) => x!.prod(), [f64(0, 0, 3)], [[0, 0, 0]]],
  ['max along a dimension, the first of equals', (x) => x!.max(0), [f64(1, 3, 3)], [[0, 1, 0]]],
  ['where: the infinite side not taken', (x) => where(x!.gt(0), x!, x!.mul(Infinity)), [f64(1)], [[NaN]]],
  [
    'where: NaN in the side not taken',
    (x, y) => where(x!.gt(0), x!, y!),
    [f64(1, -1), f64(NaN, 2)],
    [
      [1, 0],
      [0, 1],
    ],
  ],
  [
    'atan2 at the origin',
    (a, b) => atan2(a!, b!),
    [f64(0, 0, 1), f64(0, 1, 0)],
    [
      [NaN, 1, 0],
      [NaN, 0, -1],
    ],
  ],
  [
    'div by 0',
    (a, b) => a!.div(b!),
    [f64(1, 0), f64(0, 0)],
    [
      [Infinity, Infinity],
      [-Infinity, NaN],
    ],
  ],
  [
    'remainder',
    (a, b) => a!.remainder(b!),
    [f64(5, -5, 3), f64(3, 3, -2)],
    [
      [1, 1, 1],
      [-1, 2, 2],
    ],
  ],
  [
    'floorDiv',
    (a, b) => a!.floorDiv(b!),
    [f64(5, -5, 3), f64(3, 3, -2)],
    [
      [0, 0, 0],
      [0, 0, 0],
    ],
  ],
]

test.each(cases)('%s', async (_, fn, inputs, expected) => {
  const found = await gradients(fn, ...inputs)
  found.forEach((g, i) =>
    g.forEach((v, k) =>
      Number.isFinite(expected[i]![k]!) ? expect(v).toBeCloseTo(expected[i]![k]!, 12) : expect(v).toBe(expected[i]![k]!),
    ),
  )
})
