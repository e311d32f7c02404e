import {
  type BinaryOp,
  type DType,
  type Expr,
  ExprPool,
  type LoopKernel,
  type Program,
  programOf,
  type Scatter,
  type StoreStage,
  type UnaryOp,
} from '@tenon/kernel'
import { describe, expect, test } from 'vitest'
import { cpu } from './cpu.ts'
import { runKernel, typed } from './run-kernel.ts'

const pool = new ExprPool()
const store = (buffer: number, index: Expr, value: Expr, extents: readonly number[] = []): StoreStage => ({
  kind: 'store',
  extents,
  buffer,
  index,
  value,
})

/** One value for each element of the inputs, which have dtypes of their own. */
function map(value: (...inputs: Expr[]) => Expr, ...inputs: readonly (readonly [DType, readonly number[]])[]): number[] {
  const length = inputs[0]![1].length
  const i = pool.index(0, length)
  const result = value(...inputs.map(([dtype], b) => pool.load(dtype, 1 + b, i)))
  const buffers = [result.dtype, ...inputs.map(([dtype]) => dtype)].map((dtype) => ({ dtype, length }))
  const kernel: LoopKernel = { kind: 'loop', buffers, scalars: [], grid: [length], stages: [store(0, i, result)] }
  return [...runKernel(kernel, [[], ...inputs.map(([, data]) => data)])]
}

const unary = (fn: UnaryOp, dtype: DType, x: readonly number[]) => map((a) => pool.unary(fn, a!), [dtype, x])
const binary = (fn: BinaryOp, dtype: DType, a: readonly number[], b: readonly number[]) =>
  map((x, y) => pool.binary(fn, x!, y!), [dtype, a], [dtype, b])
const cast = (from: DType, to: DType, x: readonly number[]) => map((a) => pool.cast(to, a!), [from, x])

describe('operations on floats', () => {
  const xs = [-3.7, -1, -0.5, -0, 0, 1e-20, 0.3, 1, 2.5, 100, Infinity, -Infinity, NaN]

  test.each(['abs', 'sign', 'floor', 'ceil', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tan', 'tanh'] as const)(
    '%s is that of Math',
    (fn) => {
      expect(unary(fn, 'float64', xs)).toEqual(xs.map(Math[fn]))
      expect(unary(fn, 'float32', xs)).toEqual(xs.map((x) => Math.fround(Math[fn](Math.fround(x)))))
    },
  )

  test('neg and recip keep the sign of zero', () => {
    expect(unary('neg', 'float64', xs)).toEqual(xs.map((x) => -x))
    expect(unary('recip', 'float64', xs)).toEqual(xs.map((x) => 1 / x))
  })

  test('round goes half to even', () => {
    expect(unary('round', 'float64', [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, 7, NaN])).toEqual([-2, -2, -0, 0, 2, 2, 2, 7, NaN])
  })

  test('erf is right to the last bits', () => {
    // python3: math.erf
    const known = [
      [0, 0],
      [1e-10, 1.1283791670955126e-10],
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [-2, -0.9953222650189527],
      [3.5, 0.9999992569016276],
      [5.9, 1],
      [Infinity, 1],
    ] as const
    unary(
      'erf',
      'float64',
      known.map(([x]) => x),
    ).forEach((y, i) => {
      expect(Math.abs(y - known[i]![1])).toBeLessThanOrEqual(1e-15 * Math.abs(known[i]![1]))
    })
  })

  test('max and min give NaN when either side is NaN; comparisons with NaN are false, but for ne', () => {
    const [a, b] = [
      [1, NaN, 2, NaN],
      [2, 1, NaN, NaN],
    ]
    expect(binary('max', 'float32', a, b)).toEqual([2, NaN, NaN, NaN])
    expect(binary('min', 'float32', a, b)).toEqual([1, NaN, NaN, NaN])
    expect(binary('lt', 'float32', a, b)).toEqual([1, 0, 0, 0])
    expect(binary('eq', 'float32', a, b)).toEqual([0, 0, 0, 0])
    expect(binary('ne', 'float32', a, b)).toEqual([1, 1, 1, 1])
  })

  test('pow follows C: one to any power is one', () => {
    expect(binary('pow', 'float64', [2, -2, 1, -1, 0, 4], [10, 3, NaN, Infinity, 0, 0.5])).toEqual([1024, -8, 1, 1, 1, 2])
  })

  test('every float32 operation rounds to float32 before the next', () => {
    // 1 + 2⁻³⁰ is 1 in float32, so that nothing is left of it.
    const tiny = 2 ** -30
    expect(map((x) => pool.sub(pool.add(x!, pool.literal('float32', 1)), pool.literal('float32', 1)), ['float32', [tiny]])).toEqual([0])
    expect(map((x) => pool.sub(pool.add(x!, pool.literal('float64', 1)), pool.literal('float64', 1)), ['float64', [tiny]])).toEqual([tiny])
  })
})

describe('operations on integers and bools', () => {
  test('arithmetic wraps', () => {
    expect(binary('add', 'int32', [2 ** 31 - 1], [1])).toEqual([-(2 ** 31)])
    expect(binary('mul', 'int32', [123456789], [987654321])).toEqual([Math.imul(123456789, 987654321)])
    expect(binary('mul', 'uint32', [0xffffffff], [0xffffffff])).toEqual([1])
    expect(binary('sub', 'uint32', [0], [1])).toEqual([2 ** 32 - 1])
    expect(unary('neg', 'uint32', [1])).toEqual([2 ** 32 - 1])
    expect(unary('abs', 'int32', [-(2 ** 31), -5])).toEqual([-(2 ** 31), 5])
    expect(binary('pow', 'int32', [3, -2, 2, 7], [4, 3, -1, 20])).toEqual([81, -8, 0, Number((7n ** 20n) & 0xffffffffn) | 0])
  })

  test('division and remainder round towards −∞, and give 0 for a divisor of 0', () => {
    const [a, b] = [
      [7, -7, 7, -7, 5, -(2 ** 31)],
      [2, 2, -2, -2, 0, -1],
    ]
    expect(binary('idiv', 'int32', a, b)).toEqual([3, -4, -4, 3, 0, -(2 ** 31)])
    expect(binary('mod', 'int32', a, b)).toEqual([1, 1, -1, -1, 0, 0])
    expect(binary('idiv', 'uint32', [2 ** 32 - 1], [2])).toEqual([2 ** 31 - 1])
  })

  test('bits', () => {
    expect(binary('xor', 'uint32', [0xf0f0f0f0], [0xffffffff])).toEqual([0x0f0f0f0f])
    expect(binary('shl', 'uint32', [0x80000001], [1])).toEqual([2])
    expect(binary('shr', 'uint32', [0x80000000], [31])).toEqual([1])
    expect(binary('shr', 'int32', [-1], [28])).toEqual([15])
    expect(binary('and', 'bool', [0, 0, 1, 1], [0, 1, 0, 1])).toEqual([0, 0, 0, 1])
    expect(unary('not', 'bool', [0, 1])).toEqual([1, 0])
  })

  test('casts truncate and saturate, NaN gives 0, and anything but 0 is true', () => {
    const xs = [1.9, -1.9, 3e9, -3e9, 5e9, NaN, Infinity]
    expect(cast('float32', 'int32', xs)).toEqual([1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31 - 1, 0, 2 ** 31 - 1])
    expect(cast('float64', 'uint32', xs)).toEqual([1, 0, 3e9, 0, 2 ** 32 - 1, 0, 2 ** 32 - 1])
    expect(cast('float32', 'bool', [0, -0, 0.1, NaN])).toEqual([0, 0, 1, 1])
    expect(cast('int32', 'uint32', [-1])).toEqual([2 ** 32 - 1])
    expect(cast('int32', 'float32', [2 ** 24 + 1])).toEqual([2 ** 24])
  })
})

describe('loads', () => {
  test('read nothing where they are not valid, and give 0', () => {
    const i = pool.index(0, 4)
    const x = pool.load('float32', 1, pool.sub(i, pool.int(1)), pool.binary('le', pool.int(1), i))
    const kernel: LoopKernel = {
      kind: 'loop',
      buffers: [
        { dtype: 'float32', length: 4 },
        { dtype: 'float32', length: 3 },
      ],
      scalars: [],
      grid: [4],
      stages: [store(0, i, x)],
    }
    expect([
      ...runKernel(kernel, [
        [9, 9, 9, 9],
        [1, 2, 3],
      ]),
    ]).toEqual([0, 1, 2, 3])
  })

  test('what is shared is computed once: a sum of 2⁶⁰ terms takes 60 additions', () => {
    const sum = map(
      (x) => {
        let e = x!
        for (let i = 0; i < 60; i++) e = pool.add(e, e)
        return e
      },
      ['float64', [1, 2, 3]],
    )
    expect(sum).toEqual([1, 2, 3].map((x) => x * 2 ** 60))
  })

  test('index arithmetic that wraps is not taken for a plain sum', () => {
    const i = pool.index(0, 3)
    const hash = pool.mul(pool.mul(i, pool.int(0x7fffffff)), pool.int(3))
    const kernel: LoopKernel = {
      kind: 'loop',
      buffers: [{ dtype: 'int32', length: 3 }],
      scalars: [],
      grid: [3],
      stages: [store(0, i, hash)],
    }
    expect([...runKernel(kernel, [[]])]).toEqual([0, 1, 2].map((x) => Math.imul(Math.imul(x, 0x7fffffff), 3)))
  })
})

describe('loop kernels', () => {
  /** Rows are short, of one block, and of several. */
  test.each([
    [700, 3],
    [3, 512],
    [2, 1500],
    [1, 0],
    [0, 5],
  ])('a softmax over %i rows of %i is one kernel', (rows, length) => {
    const index = pool.scaleAdd(pool.index(0, rows), length, pool.index(1, length))
    const x = pool.load('float32', 1, index)
    const kernel: LoopKernel = {
      kind: 'loop',
      scalars: [],
      grid: [rows],
      buffers: [
        { dtype: 'float32', length: rows * length },
        { dtype: 'float32', length: rows * length },
      ],
      stages: [
        { kind: 'reduce', op: 'max', extents: [length], value: x, dtype: 'float32' },
        store(0, index, pool.unary('exp', pool.sub(x, pool.register('float32', 0))), [length]),
        { kind: 'reduce', op: 'sum', extents: [length], value: pool.stored('float32', 1), dtype: 'float32' },
        store(0, index, pool.binary('div', pool.stored('float32', 1), pool.register('float32', 2)), [length]),
      ],
    }
    const data = Array.from({ length: rows * length }, (_, i) => Math.sin(i * 7) * 4)
    const out = runKernel(kernel, [[], data])
    for (let row = 0; row < rows; row++) {
      const xs = data.slice(row * length, (row + 1) * length).map(Math.exp)
      const total = xs.reduce((a, b) => a + b, 0)
      xs.forEach((v, i) => expect(out[row * length + i]).toBeCloseTo(v / total, 6))
    }
  })

  test.each([
    ['sum', 'float32', [1, 2, 3], 6],
    ['prod', 'float32', [2, 3, 4], 24],
    ['max', 'float32', [1, NaN, 3], NaN],
    ['min', 'float32', [4, 2, 3], 2],
    ['sum', 'int32', [2 ** 31 - 1, 1], -(2 ** 31)],
    ['prod', 'uint32', [65537, 65537], 131073],
    ['max', 'bool', [0, 1, 0], 1],
    ['argmax', 'float32', [1, 3, 3], 1],
    ['argmin', 'float32', [1, 3, 1], 0],
    ['argmax', 'float32', [1, NaN, 5, NaN], 1],
    ['argmin', 'float32', [1, NaN, 0], 1],
    ['argmax', 'float32', [-Infinity, -Infinity], 0],
    ['argmin', 'int32', [5, 2 ** 31 - 1, -7], 2],
    ['sum', 'float32', [], 0],
    ['prod', 'float32', [], 1],
    ['max', 'float32', [], -Infinity],
    ['min', 'int32', [], 2 ** 31 - 1],
    ['max', 'uint32', [], 0],
    ['argmax', 'float32', [], 0],
  ] as const)('%s of %s %j is %d', (op, dtype, data, expected) => {
    const result = op === 'argmax' || op === 'argmin' ? 'int32' : dtype
    const value = pool.load(dtype, 1, pool.index(0, data.length))
    const kernel: LoopKernel = {
      kind: 'loop',
      scalars: [],
      grid: [],
      buffers: [
        { dtype: result, length: 1 },
        { dtype, length: data.length },
      ],
      stages: [{ kind: 'reduce', op, extents: [data.length], value, dtype: result }, store(0, pool.int(0), pool.register(result, 0))],
    }
    expect([...runKernel(kernel, [[], data])]).toEqual([expected])
  })

  test('a long float32 sum loses nothing to rounding', () => {
    const length = 100_000
    const value = pool.load('float32', 1, pool.index(0, length))
    const kernel: LoopKernel = {
      kind: 'loop',
      scalars: [],
      grid: [],
      buffers: [
        { dtype: 'float32', length: 1 },
        { dtype: 'float32', length },
      ],
      stages: [
        { kind: 'reduce', op: 'sum', extents: [length], value, dtype: 'float32' },
        store(0, pool.int(0), pool.register('float32', 0)),
      ],
    }
    const tenth = Math.fround(0.1)
    expect(runKernel(kernel, [[], Array(length).fill(tenth)])[0]).toBe(Math.fround(length * tenth))
  })

  test('stores next to each other see memory as it was: two buffers are swapped in place', () => {
    const i = pool.index(0, 1000)
    const param = { dtype: 'int32', length: 1000 } as const
    const kernel: LoopKernel = {
      kind: 'loop',
      buffers: [param, param],
      scalars: [],
      grid: [1000],
      stages: [store(0, i, pool.load('int32', 1, i)), store(1, i, pool.load('int32', 0, i))],
    }
    const backend = cpu()
    const [a, b] = [backend.allocate('int32', 1000), backend.allocate('int32', 1000)]
    backend.write(a, new Int32Array(1000).fill(1))
    backend.write(b, new Int32Array(1000).fill(2))
    backend.execute(backend.compile(programOf(kernel)), [a, b], [])
    expect([backend.readSync!(a)[999], backend.readSync!(b)[999]]).toEqual([2, 1])
  })

  test('a concatenation is a store for each part', () => {
    const row = pool.index(0, 2)
    const part = (buffer: number, start: number, length: number): StoreStage => {
      const column = pool.index(1, length)
      return store(
        0,
        pool.add(pool.scaleAdd(row, 5, column), pool.int(start)),
        pool.load('float32', buffer, pool.scaleAdd(row, length, column)),
        [length],
      )
    }
    const buffers = [10, 4, 6].map((length) => ({ dtype: 'float32', length }) as const)
    const kernel: LoopKernel = { kind: 'loop', buffers, scalars: [], grid: [2], stages: [part(1, 0, 2), part(2, 2, 3)] }
    expect([...runKernel(kernel, [[], [1, 2, 3, 4], [5, 6, 7, 8, 9, 10]])]).toEqual([1, 2, 5, 6, 7, 3, 4, 8, 9, 10])
  })
})

describe('scatters', () => {
  /** Of the numbers 10 … 60 to the elements 1, −1, 3, 1, 0, 3 of a buffer of three; some lie outside. */
  const scatter = (op: Scatter['op']): number[] => {
    const i = pool.index(0, 6)
    const kernel: Scatter = {
      kind: 'scatter',
      op,
      out: 0,
      grid: [6],
      scalars: ['float32'],
      buffers: [
        { dtype: 'float32', length: 3 },
        { dtype: 'int32', length: 6 },
        { dtype: 'float32', length: 6 },
      ],
      initial: pool.add(pool.scalar('float32', 0), pool.cast('float32', pool.index(0, 3))),
      index: pool.load('int32', 1, i),
      value: pool.load('float32', 2, i),
    }
    return [...runKernel(kernel, [[], [1, -1, 3, 1, 0, 3], [10, 20, 30, 40, 50, 60]], [7])]
  }

  test('set leaves the last value for an element, and the initial one where there is none', () => {
    expect(scatter('set')).toEqual([50, 40, 9])
  })

  test('add adds all values for an element to the initial one', () => {
    expect(scatter('add')).toEqual([7 + 50, 8 + 10 + 40, 9])
  })
})

describe('programs', () => {
  test('temporaries lie in one arena, and slices of a repeat are views of what they are part of', () => {
    const length = 2
    const i = pool.index(0, length)
    const add: LoopKernel = {
      kind: 'loop',
      scalars: [],
      grid: [length],
      buffers: Array(3).fill({ dtype: 'float64', length }),
      stages: [store(0, i, pool.add(pool.load('float64', 1, i), pool.load('float64', 2, i)))],
    }
    const program: Program = {
      buffers: [
        { role: 'external', dtype: 'float64', length: 6 },
        { role: 'external', dtype: 'float64', length: 6 },
        { role: 'external', dtype: 'float64', length },
        { role: 'slice', dtype: 'float64', length },
        { role: 'slice', dtype: 'float64', length },
        { role: 'temporary', dtype: 'float64', length, offset: 64 },
      ],
      scalars: [],
      steps: [
        {
          kind: 'repeat',
          count: 3,
          body: [
            { kind: 'run', kernel: add, buffers: [5, 2, 3], scalars: [] },
            { kind: 'run', kernel: add, buffers: [4, 5, 5], scalars: [] },
          ],
          slices: [
            { buffer: 3, of: 0, start: 4, stride: -2 },
            { buffer: 4, of: 1, start: 0, stride: 2 },
          ],
          carries: [{ current: 2, next: 5 }],
        },
      ],
      arenaBytes: 128,
    }
    const backend = cpu()
    const [xs, ys, carry] = [6, 6, 2].map((n) => backend.allocate('float64', n)) as [object, object, object]
    backend.write(xs, Float64Array.of(1, 2, 3, 4, 5, 6))
    const executable = backend.compile(program)
    backend.execute(executable, [xs, ys, carry], [])
    expect([...backend.readSync!(ys)]).toEqual([10, 12, 16, 20, 18, 24])
    expect([...backend.readSync!(carry)]).toEqual([9, 12])
    expect(backend.report().memory).toEqual({ buffers: 3, bufferBytes: 8 * 14, arenaBytes: 128 })
  })

  test('every dtype can be written and read back, as a copy', async () => {
    const backend = cpu()
    for (const dtype of backend.capabilities.dtypes) {
      const buffer = backend.allocate(dtype, 2)
      backend.write(buffer, typed(dtype, [1, 0]))
      const copy = await backend.read(buffer)
      copy[0] = 0
      expect(await backend.read(buffer)).toEqual(typed(dtype, [1, 0]))
    }
  })
})
