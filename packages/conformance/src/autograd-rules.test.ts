/** Every row of the gradient table against differences, to the second derivative, on awkward shapes. */
import { notDifferentiable, rules } from '@tenon/autograd'
import { concat, type PrimitiveName, primitive, scan, type Tensor, tensor } from '@tenon/tensor'
import { describe, expect, test } from 'vitest'
import { checkGradients, numbers } from './gradient-check.ts'

type Case = readonly [fn: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]]
type Plain = {
  [P in PrimitiveName]: Parameters<typeof primitive<P>>[2] extends Record<string, never> ? P : never
}[PrimitiveName]

const positive = (seed: number, shape: readonly number[] = [3, 1, 2]): Tensor => numbers(shape, seed, 0.3, 2)
const any = (seed: number, shape: readonly number[] = [3, 1, 2]): Tensor => numbers(shape, seed)
const int = (values: readonly number[], shape: readonly number[]): Tensor => tensor(Int32Array.from(values), shape)
const unary = (op: Plain, x: Tensor = any(1)): Case[] => [
  [(a) => primitive(op, [a!], {} as never), x],
  [(a) => primitive(op, [a!], {} as never), x.slice(0, 0, 0)],
]
const binary = (op: Plain, a: Tensor = any(1), b: Tensor = any(2)): Case[] => [
  [(x, y) => primitive(op, [x!, y!], {} as never), a, b],
  [(x) => primitive(op, [x!, x!], {} as never), a],
]
const reduce = (op: 'reduceSum' | 'reduceProd' | 'reduceMax' | 'reduceMin', ...cases: [readonly number[], readonly number[]][]): Case[] =>
  cases.map(([shape, dims], i) => [(x) => primitive(op, [x!], { dims }), any(20 + i, shape)])

interface ConvCase {
  n: number
  g: number
  c: number
  o: number
  s: number[]
  k: number[]
  stride: number[]
  low: number[]
  high: number[]
  dilation: number[]
  inputDilation: number[]
}
const conv = (c: ConvCase): Case => [
  (x, w) =>
    primitive('conv', [x!, w!], {
      stride: c.stride,
      padLow: c.low,
      padHigh: c.high,
      dilation: c.dilation,
      inputDilation: c.inputDilation,
    }),
  any(1, [c.n, c.g, c.c, ...c.s]),
  any(2, [c.g, c.o, c.c, ...c.k]),
]
const plain = { n: 2, g: 1, c: 2, o: 3 }
const one = { stride: [1, 1], low: [0, 0], high: [0, 0], dilation: [1, 1], inputDilation: [1, 1] }

const cases: { readonly [P in PrimitiveName]: readonly Case[] | 'not differentiable' | 'see custom-kernel.test.ts' } = {
  neg: unary('neg'),
  abs: unary('abs'),
  sign: unary('sign'),
  floor: unary('floor'),
  ceil: unary('ceil'),
  round: unary('round'),
  sqrt: unary('sqrt', positive(1)),
  recip: unary('recip', positive(1)),
  exp: unary('exp'),
  expm1: unary('expm1'),
  log: unary('log', positive(1)),
  log1p: unary('log1p', positive(1)),
  sin: unary('sin'),
  cos: unary('cos'),
  tan: unary('tan', numbers([3, 1, 2], 1, -1, 1)),
  tanh: unary('tanh'),
  erf: unary('erf'),
  relu: unary('relu'),
  not: notDifferentiable,
  cast: [
    [(x) => x!.cast('float64'), any(1)],
    [(x) => primitive('cast', [x!.mul(x!)], { dtype: 'float64' }), any(1)],
  ],
  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div', any(1), positive(2)),
  pow: [
    ...binary('pow', positive(1)),
    [(x) => x!.pow(3), any(3)],
    [(x) => x!.pow(2), tensor(new Float64Array([0, -1, 2]))],
    [(x) => x!.pow(1), tensor(new Float64Array([0, -1, 2]))],
    [(x) => x!.pow(0), tensor(new Float64Array([0, -1, 2]))],
  ],
  atan2: binary('atan2'),
  max: binary('max').slice(0, 1),
  min: binary('min').slice(0, 1),
  idiv: notDifferentiable,
  mod: notDifferentiable,
  lt: notDifferentiable,
  le: notDifferentiable,
  eq: notDifferentiable,
  ne: notDifferentiable,
  and: notDifferentiable,
  or: notDifferentiable,
  xor: notDifferentiable,
  shl: notDifferentiable,
  shr: notDifferentiable,
  where: [[(a, b) => primitive('where', [a!.gt(0.1), a!.mul(b!), b!.mul(b!)], {}), any(1), any(2)]],
  detach: notDifferentiable,
  randomBits: notDifferentiable,
  arange: notDifferentiable,
  reduceSum: reduce(
    'reduceSum',
    [[3, 1, 2], [0]],
    [
      [3, 4, 2],
      [0, 2],
    ],
    [[3], [0]],
    [[2, 0, 3], [1]],
    [[], []],
  ),
  reduceProd: [
    ...reduce(
      'reduceProd',
      [[5], [0]],
      [
        [3, 4, 2],
        [0, 2],
      ],
      [[2, 1, 3], [1]],
      [[2, 7], [1]],
      [[0, 3], [1]],
    ),
    [(x) => x!.prod(1), tensor(new Float64Array([1, 0, 3, 0, 0, 2, 4, 5, 6]), [3, 3])],
    [(x) => x!.prod(), tensor(new Float64Array([2, 0, 3, -1, 4]))],
  ],
  reduceMax: reduce(
    'reduceMax',
    [[5], [0]],
    [
      [3, 4, 2],
      [0, 2],
    ],
    [[3, 1, 2], [1]],
    [[2, 0, 3], [2]],
  ),
  reduceMin: reduce(
    'reduceMin',
    [[5], [0]],
    [
      [3, 4, 2],
      [0, 2],
    ],
    [[3, 1, 2], [1]],
  ),
  argmax: notDifferentiable,
  argmin: notDifferentiable,
  reshape: [
    [(x) => x!.reshape([4, 3]), any(1, [2, 3, 2])],
    [(x) => x!.reshape([]), any(1, [1, 1])],
  ],
  permute: [[(x) => x!.permute([2, 0, 1]), any(1, [2, 3, 4])]],
  expand: [
    [(x) => x!.expand([4, 2, 3]), any(1, [2, 1])],
    [(x) => x!.expand([2, 3]), any(1, [])],
    [(x) => x!.expand([0, 3]), any(1, [1, 3])],
  ],
  pad: [
    [
      (x) =>
        x!.pad([
          [1, 2],
          [0, 1],
        ]),
      any(1, [2, 3]),
    ],
    [
      (x) =>
        x!.pad(
          [
            [1, 0],
            [0, 2],
          ],
          7,
        ),
      any(1, [2, 3]),
    ],
    [
      (x) =>
        primitive('pad', [x!], {
          padding: [
            [-1, 2],
            [1, -2],
          ],
        }),
      any(1, [3, 4]),
    ],
    [(x) => x!.pad([[2, 1]]), any(1, [0])],
  ],
  slice: [
    [(x) => x!.slice(0, 1, 3), any(1, [4, 3])],
    [(x) => x!.slice(1, 1, 8, 3), any(1, [2, 8])],
    [(x) => x!.slice(1, 0, 7, 3), any(1, [2, 9])],
    [(x) => x!.slice(0, 2, 2), any(1, [4, 3])],
    [(x) => primitive('slice', [x!], { start: [1, 0, 2], end: [4, 5, 7], step: [1, 2, 4] }), any(1, [5, 5, 8])],
  ],
  flip: [[(x) => x!.flip([0, 2]), any(1, [2, 3, 4])]],
  unfold: (
    [
      [[7], 0, 3, 1, 1],
      [[8, 3], 0, 3, 2, 1],
      [[2, 8], 1, 2, 2, 1],
      [[2, 9, 2], 1, 2, 3, 1],
      [[2, 10], 1, 3, 2, 2],
      [[11], 0, 2, 4, 3],
      [[5, 2], 0, 5, 1, 1],
      [[13], 0, 4, 3, 1],
      [[3, 4], 1, 1, 2, 1],
    ] as const
  ).map(([shape, dim, size, step, dilation]): Case => [(x) => x!.unfold(dim, size, step, dilation), any(1, shape)]),
  concat: [
    [(a, b, c) => primitive('concat', [a!, b!, c!], { dim: 1 }), any(1, [2, 3]), any(2, [2, 0]), any(3, [2, 1])],
    [(a) => primitive('concat', [a!, a!.mul(a!), a!], { dim: 0 }), any(1, [2, 3])],
  ],
  gather: [
    [(x) => x!.gather(1, int([0, 2, 2, 2, 1, 0], [2, 3])), any(1, [2, 4])],
    [(x) => x!.indexSelect(0, int([3, 3, 0], [3])), any(1, [4, 2])],
    [(x) => x!.gather(0, int([1, 0], [1, 2])), any(1, [3, 3])],
  ],
  scatter: [
    [(x, src) => x!.scatterAdd(0, int([0, 2, 2, 1, 0, 2], [3, 2]), src!), any(1, [4, 3]), any(2, [3, 2])],
    [(x, src) => primitive('scatter', [x!, int([2, 0], [2]), src!], { dim: 0, op: 'set' }), any(1, [4]), any(2, [2])],
  ],
  cumsum: [
    [(x) => primitive('cumsum', [x!], { dim: 1 }), any(1, [2, 5, 3])],
    [(x) => primitive('cumsum', [x!], { dim: 0 }), any(1, [1])],
    [(x) => primitive('cumsum', [x!], { dim: 1 }), any(1, [2, 0])],
  ],
  cumprod: [
    [(x) => primitive('cumprod', [x!], { dim: 1 }), any(1, [2, 5, 3])],
    [(x) => primitive('cumprod', [x!], { dim: 0 }), any(1, [8])],
    [(x) => primitive('cumprod', [x!], { dim: 0 }), any(1, [1])],
    [(x) => primitive('cumprod', [x!], { dim: 1 }), any(1, [2, 0])],
    // one zero and two among the factors
    [(x) => primitive('cumprod', [x!], { dim: 0 }), tensor(Float64Array.of(1.5, 0, -2, 0.5), [4])],
    [(x) => primitive('cumprod', [x!], { dim: 0 }), tensor(Float64Array.of(0, 3, 2, 0, -2, 0.5, 4), [7])],
  ],
  argsort: 'not differentiable',
  dot: [
    [(a, b) => primitive('dot', [a!, b!], {}), any(1, [3, 4]), any(2, [4, 2])],
    [(a, b) => primitive('dot', [a!, b!], {}), any(1, [2, 1, 3, 4]), any(2, [2, 1, 4, 5])],
    [(a, b) => a!.matmul(b!), any(1, [2, 3, 4]), any(2, [4, 5])],
    [(a, b) => a!.matmul(b!), any(1, [4]), any(2, [3, 4, 5])],
    [(a, b) => primitive('dot', [a!, b!], {}), any(1, [3, 0]), any(2, [0, 2])],
  ],
  conv: [
    conv({ ...plain, ...one, s: [5, 4], k: [3, 2] }),
    conv({ ...plain, ...one, s: [5, 4], k: [3, 3], low: [1, 1], high: [1, 1] }),
    conv({ ...plain, ...one, g: 2, s: [7, 8], k: [3, 2], stride: [2, 3], low: [1, 0], high: [0, 2] }), // a remainder in both
    conv({ ...plain, ...one, s: [6, 9], k: [2, 3], stride: [3, 2], dilation: [2, 3] }),
    conv({
      ...plain,
      ...one,
      g: 3,
      c: 1,
      o: 2,
      s: [4, 5],
      k: [3, 3],
      stride: [2, 1],
      low: [3, 0],
      high: [1, 3],
      dilation: [1, 2],
      inputDilation: [2, 3],
    }),
    conv({ ...plain, ...one, s: [4, 4], k: [2, 3], stride: [3, 2], low: [2, 4], high: [3, 1], inputDilation: [3, 2] }),
    conv({ ...plain, ...one, s: [6, 6], k: [2, 2], low: [-1, 1], high: [1, -2], stride: [1, 2] }), // cropped
    conv({ ...plain, ...one, s: [3, 3], k: [1, 1], low: [2, 1], high: [1, 2] }), // padding beyond the kernel
    conv({ ...plain, ...one, n: 0, s: [4, 4], k: [2, 2] }),
    conv({ ...plain, ...one, s: [2, 4], k: [3, 2] }), // no output
    conv({
      n: 2,
      g: 2,
      c: 3,
      o: 2,
      s: [11],
      k: [4],
      stride: [4],
      low: [2],
      high: [1],
      dilation: [2],
      inputDilation: [1],
    }),
    conv({
      n: 1,
      g: 1,
      c: 2,
      o: 2,
      s: [3, 4, 3],
      k: [2, 1, 2],
      stride: [1, 2, 1],
      low: [0, 1, 1],
      high: [1, 0, 0],
      dilation: [1, 1, 2],
      inputDilation: [1, 2, 1],
    }),
  ],
  scan: [false, true].map(
    (reverse): Case => [
      (w, b, x) => {
        const body = (c: Tensor, step: Tensor) => {
          const carry = c.matmul(w!).add(step).add(b!).mul(c)
          return { carry, y: carry.mul(step) }
        }
        const { carry, ys } = scan(body, b!.mul(2).expand([2, 3]), x!, { reverse })
        return concat([carry.flatten(), ys.flatten()])
      },
      any(1, [3, 3]),
      any(2, [3]),
      any(3, [4, 2, 3]),
    ],
  ),
  // Its value is not looked into, only its rule.
  kernel: 'see custom-kernel.test.ts',
  custom: [
    [(x) => primitive('custom', [x!.mul(x!).detach(), x!], { rule: ({ dy, inputs: [z] }) => [() => dy.mul(z!).mul(2)] }), any(1)],
    [
      // gradients by two inputs: those of x² · y
      (x, y) =>
        primitive('custom', [x!.mul(x!).mul(y!), x!, y!], {
          rule: ({ dy, inputs: [a, b] }) => [() => dy.mul(2).mul(a!).mul(b!), () => dy.mul(a!).mul(a!)],
        }),
      any(1),
      any(2),
    ],
  ],
}

describe('gradient rules', () => {
  for (const name of Object.keys(rules) as PrimitiveName[]) {
    const rows = cases[name]
    if (rows === 'see custom-kernel.test.ts') continue
    if (rows === notDifferentiable) {
      test(`${name} has no gradient, and the table says so`, () => expect(rules[name]).toBe(notDifferentiable))
    } else {
      test(`${name} agrees with differences`, async () => {
        for (const [i, [fn, ...inputs]] of rows.entries()) await checkGradients(`${name}, case ${i}`, fn, inputs)
      })
    }
  }
})
