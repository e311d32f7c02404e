/** Programs that use each thing the waist has, for backends to run as they come: without a tensor above them. */
import {
  type BufferParam,
  type Contraction,
  type Convolution,
  type DType,
  dtypes,
  type Expr,
  ExprPool,
  type Kernel,
  type LoopKernel,
  type Program,
  programOf,
  type ReduceOp,
  type Scatter,
  type SpatialAxis,
  type Stage,
  type TypedArray,
} from '@tenon/kernel'

/** A program with inputs for it. */
export interface KernelCase {
  readonly name: string
  readonly program: Program
  /** The content of each external buffer before the run. */
  readonly buffers: readonly TypedArray[]
  readonly scalars: readonly number[]
  /** Where the usual tolerance is too narrow. */
  readonly rtol?: number
}

const f32 = (length: number): BufferParam => ({ dtype: 'float32', length })
const i32 = (length: number): BufferParam => ({ dtype: 'int32', length })

/** Numbers in (−2, 2), or whole ones in [0, 7). */
function fill(dtype: DType, length: number, salt: number): TypedArray {
  const u = (i: number): number => Math.abs(Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1
  const number =
    dtype === 'float32' || dtype === 'float64' ? (i: number) => 4 * u(i) - 2 : (i: number) => Math.floor((dtype === 'bool' ? 2 : 7) * u(i))
  const array = new dtypes[dtype].array(length)
  for (let i = 0; i < length; i++) array[i] = number(i)
  return array
}

const contents = (buffers: readonly BufferParam[]): TypedArray[] => buffers.map((b, i) => fill(b.dtype, b.length, i))

const single = (name: string, kernel: Kernel, scalars: readonly number[] = [], rtol?: number): KernelCase => ({
  name,
  program: programOf(kernel),
  buffers: contents(kernel.buffers),
  scalars,
  ...(rtol && { rtol }),
})

/** Stages written with a pool at hand. */
function loop(
  buffers: readonly BufferParam[],
  grid: readonly number[],
  stages: (p: ExprPool) => readonly Stage[],
  scalars: readonly DType[] = [],
): LoopKernel {
  return { kind: 'loop', buffers, scalars, grid, stages: stages(new ExprPool()) }
}

const store = (buffer: number, index: Expr, value: Expr, extents: readonly number[] = []): Stage => ({
  kind: 'store',
  extents,
  buffer,
  index,
  value,
})

const loops: readonly KernelCase[] = [
  single(
    'an elementwise chain with a program scalar',
    loop(
      [f32(37), f32(37)],
      [37],
      (p) => {
        const i = p.index(0, 37)
        const x = p.load('float32', 1, i)
        return [store(0, i, p.add(p.mul(x, p.scalar('float32', 0)), p.unary('exp', x)))]
      },
      ['float32'],
    ),
    [1.5],
  ),
  single(
    'several stores, a later one reading an earlier one',
    loop([f32(20), f32(20), f32(20)], [20], (p) => {
      const i = p.index(0, 20)
      return [store(0, i, p.unary('neg', p.load('float32', 2, i))), store(1, i, p.mul(p.stored('float32', 0), p.load('float32', 2, i)))]
    }),
  ),
  single(
    'a transposed read and a masked one',
    loop([f32(5 * 6), f32(6 * 4)], [5, 6], (p) => {
      const [r, c] = [p.index(0, 5), p.index(1, 6)]
      const row = p.add(r, p.int(-1))
      const valid = p.and(p.binary('le', p.int(0), row), p.binary('lt', row, p.int(4)))
      return [store(0, p.scaleAdd(r, 6, c), p.load('float32', 1, p.scaleAdd(c, 4, row), valid))]
    }),
  ),
  single(
    'an output in place of an input',
    loop([f32(33)], [33], (p) => {
      const i = p.index(0, 33)
      return [store(0, i, p.add(p.load('float32', 0, i), p.literal('float32', 1)))]
    }),
  ),
  single(
    'a softmax: two reductions and a store in each row',
    loop([f32(3 * 50), f32(3 * 50)], [3], (p) => {
      const at = p.scaleAdd(p.index(0, 3), 50, p.index(1, 50))
      const x = p.load('float32', 1, at)
      const e = p.unary('exp', p.sub(x, p.register('float32', 0)))
      return [
        { kind: 'reduce', op: 'max', extents: [50], value: x, dtype: 'float32' },
        { kind: 'reduce', op: 'sum', extents: [50], value: e, dtype: 'float32' },
        store(0, at, p.binary('div', e, p.register('float32', 1)), [50]),
      ]
    }),
  ),
  ...[5, 50].map((size) =>
    single(
      `a sum of what another stage of each row stored, ${size} of them`,
      loop([f32(3 * size), f32(3), f32(3 * size)], [3], (p) => {
        const at = p.scaleAdd(p.index(0, 3), size, p.index(1, size))
        return [
          store(0, at, p.unary('exp', p.load('float32', 2, at)), [size]),
          { kind: 'reduce', op: 'sum', extents: [size], value: p.stored('float32', 0), dtype: 'float32' },
          store(1, p.index(0, 3), p.register('float32', 1)),
        ]
      }),
    ),
  ),
  single(
    'a sum of a million numbers',
    loop([f32(1), f32(1 << 20)], [], (p) => [
      {
        kind: 'reduce',
        op: 'sum',
        extents: [1 << 20],
        value: p.load('float32', 1, p.index(0, 1 << 20)),
        dtype: 'float32',
      },
      store(0, p.int(0), p.register('float32', 0)),
    ]),
    [],
    1e-3, // in float32, in whatever order
  ),
  single(
    'a concatenation: one store for each part',
    loop([f32(4 * 7), f32(4 * 5), f32(4 * 2)], [4], (p) => {
      const r = p.index(0, 4)
      const part = (buffer: number, size: number, start: number): Stage => {
        const c = p.index(1, size)
        return store(0, p.scaleAdd(r, 7, p.add(c, p.int(start))), p.load('float32', buffer, p.scaleAdd(r, size, c)), [size])
      }
      return [part(1, 5, 0), part(2, 2, 5)]
    }),
  ),
  single(
    'an empty grid',
    loop([f32(3), f32(3)], [0, 3], (p) => [store(0, p.index(1, 3), p.literal('float32', 9))]),
  ),
  single(
    'every integer operation',
    loop([i32(40), i32(40), i32(40)], [40], (p) => {
      const i = p.index(0, 40)
      const a = p.sub(p.load('int32', 1, i), p.int(3))
      const b = p.sub(p.load('int32', 2, i), p.int(3))
      const parts = (['idiv', 'mod', 'mul', 'max', 'min', 'and', 'or', 'xor'] as const).map((fn) => p.binary(fn, a, b))
      return [
        store(
          0,
          i,
          parts.reduce((sum, e) => p.add(p.mul(sum, p.int(31)), e)),
        ),
      ]
    }),
  ),
]

const reductions: readonly KernelCase[] = (
  ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'] as const satisfies readonly ReduceOp[]
).flatMap((op) =>
  (['float32', 'int32'] as const).flatMap((dtype) =>
    (op.startsWith('arg') ? [1, 13] : [0, 1, 13]).map((extent) => {
      const result = op.startsWith('arg') ? 'int32' : dtype
      const buffers = [
        { dtype: result, length: 4 },
        { dtype, length: 4 * 13 },
      ] as const
      const kernel = loop(buffers, [4], (p) => [
        {
          kind: 'reduce',
          op,
          extents: [extent],
          value: p.load(dtype, 1, p.scaleAdd(p.index(0, 4), 13, p.index(1, extent))),
          dtype: result,
        },
        store(0, p.index(0, 4), p.register(result, 0)),
      ])
      return single(`${op} of ${extent} ${dtype}`, kernel)
    }),
  ),
)

function contraction(name: string, batch: number[], m: number, n: number, k: number, transposed: boolean, epilogue: boolean): KernelCase {
  const count = batch.reduce((x, y) => x * y, 1)
  const p = new ExprPool()
  const axes = [...batch, m, n].map((extent, d) => p.index(d, extent))
  const at = [...batch, m, n].reduce<Expr>((sum, extent, d) => p.scaleAdd(sum, extent, axes[d]!), p.int(0))
  const sum = p.register('float32', 0)
  const value = epilogue ? p.binary('max', p.add(sum, p.load('float32', 3, axes.at(-1)!)), p.literal('float32', 0)) : sum
  const kernel: Contraction = {
    kind: 'contraction',
    dtype: 'float32',
    buffers: [f32(count * m * n), f32(count * m * k), f32(k * n), f32(n)],
    scalars: [],
    batch,
    m,
    n,
    k,
    a: {
      buffer: 1,
      offset: 0,
      batchStrides: batch.map(() => m * k),
      rowStride: transposed ? 1 : k,
      columnStride: transposed ? m : 1,
    },
    b: {
      buffer: 2,
      offset: 0,
      batchStrides: batch.map(() => 0),
      rowStride: transposed ? 1 : n,
      columnStride: transposed ? k : 1,
    },
    stores: [{ kind: 'store', extents: [], buffer: 0, index: at, value }],
  }
  return single(name, kernel)
}

const contractions: readonly KernelCase[] = [
  contraction('a matmul', [], 5, 7, 6, false, false),
  contraction('a matmul of transposed operands', [], 9, 8, 4, true, false),
  contraction('a batched matmul with a shared right side, bias and relu', [3], 4, 5, 6, false, true),
  contraction('a matmul larger than any block', [], 67, 70, 131, false, true),
  contraction('a matrix by a vector', [], 33, 1, 65, false, false),
  contraction('a matmul over nothing', [], 3, 4, 0, false, false),
]

interface Spatial extends Partial<SpatialAxis> {
  readonly input: number
  readonly kernel: number
  readonly padHigh?: number
}

function convolution(name: string, batch: number, groups: number, channels: number, out: number, spatial: readonly Spatial[]): KernelCase {
  const axes = spatial.map((s): SpatialAxis => {
    const { input, kernel, stride = 1, dilation = 1, inputDilation = 1, padLow = 0, padHigh = padLow } = s
    const size = (input - 1) * inputDilation + 1 + padLow + padHigh
    return {
      input,
      kernel,
      stride,
      dilation,
      inputDilation,
      padLow,
      output: Math.floor((size - dilation * (kernel - 1) - 1) / stride) + 1,
    }
  })
  const product = (list: readonly number[]): number => list.reduce((x, y) => x * y, 1)
  const strides = (sizes: readonly number[]): number[] => sizes.map((_, d) => product(sizes.slice(d + 1)))
  const [input, kernel, output] = [axes.map((a) => a.input), axes.map((a) => a.kernel), axes.map((a) => a.output)]
  const grid = [batch, groups, out, ...output]
  const p = new ExprPool()
  const at = grid.reduce<Expr>((sum, extent, d) => p.scaleAdd(sum, extent, p.index(d, extent)), p.int(0))
  const conv: Convolution = {
    kind: 'convolution',
    dtype: 'float32',
    buffers: [f32(product(grid)), f32(batch * groups * channels * product(input)), f32(groups * out * channels * product(kernel))],
    scalars: [],
    batch,
    groups,
    inChannels: channels,
    outChannels: out,
    spatial: axes,
    x: {
      buffer: 1,
      offset: 0,
      batch: groups * channels * product(input),
      group: channels * product(input),
      channel: product(input),
      spatial: strides(input),
    },
    w: {
      buffer: 2,
      offset: 0,
      group: out * channels * product(kernel),
      out: channels * product(kernel),
      in: product(kernel),
      spatial: strides(kernel),
    },
    stores: [{ kind: 'store', extents: [], buffer: 0, index: at, value: p.register('float32', 0) }],
  }
  return single(name, conv)
}

const convolutions: readonly KernelCase[] = [
  convolution('a 3×3 convolution with padding', 2, 1, 3, 5, [
    { input: 9, kernel: 3, padLow: 1 },
    { input: 8, kernel: 3, padLow: 1 },
  ]),
  convolution('a strided, dilated, grouped convolution', 2, 2, 2, 3, [
    { input: 11, kernel: 3, stride: 2, dilation: 2, padLow: 2 },
    { input: 7, kernel: 2, stride: 3 },
  ]),
  convolution('a transposed convolution: a dilated input', 1, 1, 3, 2, [
    { input: 4, kernel: 3, inputDilation: 2, padLow: 2 },
    { input: 5, kernel: 2, inputDilation: 3, padLow: 1, padHigh: 2 },
  ]),
  convolution('a 1-d convolution', 2, 1, 4, 4, [{ input: 19, kernel: 5, padLow: 2 }]),
  convolution('a 3-d convolution', 1, 1, 2, 2, [
    { input: 4, kernel: 2 },
    { input: 3, kernel: 2, padLow: 1 },
    { input: 5, kernel: 3 },
  ]),
  convolution('a convolution with many channels', 2, 1, 17, 19, [
    { input: 6, kernel: 3, padLow: 1 },
    { input: 13, kernel: 3, padLow: 1 },
  ]),
]

function scatter(name: string, op: 'set' | 'add', dtype: 'float32' | 'int32'): KernelCase {
  const p = new ExprPool()
  const i = p.index(0, op === 'add' ? 30 : 5)
  const index = op === 'add' ? p.sub(p.load('int32', 1, i), p.int(1)) : p.scaleAdd(i, 2, p.int(-1)) // some lie outside
  const kernel: Scatter = {
    kind: 'scatter',
    op,
    buffers: [{ dtype, length: 6 }, i32(30), { dtype, length: 30 }, { dtype, length: 6 }],
    scalars: [],
    out: 0,
    initial: p.load(dtype, 3, p.index(0, 6)),
    grid: [op === 'add' ? 30 : 5],
    index,
    value: p.load(dtype, 2, i),
  }
  return single(name, kernel)
}

const scatters: readonly KernelCase[] = [
  scatter('a scatter that adds, with points outside', 'add', 'float32'),
  scatter('a scatter of integers that adds', 'add', 'int32'),
  scatter('a scatter that sets, with points outside', 'set', 'float32'),
]

/** A prefix scan or a sort over the middle axis of [outer, length, inner]; `numbers` are the first of the values. */
function lines(
  kind: 'sum' | 'prod' | 'ascending' | 'descending',
  dtype: DType,
  [outer, length, inner]: readonly [number, number, number],
  numbers: readonly number[] = [],
): KernelCase {
  const p = new ExprPool()
  const size = outer * length * inner
  const grid = [outer, length, inner]
  // Read with the outer axis innermost, and negated, so that the value is more than a load.
  const read = p.load(dtype, 1, p.scaleAdd(p.scaleAdd(p.index(1, length), inner, p.index(2, inner)), outer, p.index(0, outer)))
  const value = dtype === 'float32' || dtype === 'int32' ? p.unary('neg', read) : read
  const common = { grid, axis: 1, out: 0, scalars: [], value }
  const out = { dtype: kind === 'sum' || kind === 'prod' ? dtype : 'int32', length: size } as const
  const buffers = [out, { dtype, length: size }]
  const kernel: Kernel =
    kind === 'sum' || kind === 'prod'
      ? { kind: 'prefixScan', op: kind, buffers, ...common }
      : { kind: 'sort', descending: kind === 'descending', count: length, buffers, ...common }
  const made = single(`${kind} of ${numbers.length ? `${numbers}` : `[${grid}]`} ${dtype} along the middle`, kernel)
  made.buffers[1]!.set(numbers)
  return made
}

const special = [0, -0, NaN, 1, -Infinity, 0, Infinity, -1, NaN, 1e-45, -0, -1e-45, 3e38, 1, Infinity]

const scansAndSorts: readonly KernelCase[] = (['sum', 'prod', 'ascending', 'descending'] as const).flatMap((kind) => [
  ...(['float32', 'int32', 'uint32'] as const).flatMap((dtype) =>
    [0, 1, 2, 7, 300].map((length) => lines(kind, dtype, [2, length, length === 300 ? 1 : 3])),
  ),
  lines(kind, 'int32', [1, 4, 1], [2 ** 31 - 1, -(2 ** 31), 5, 2 ** 31 - 2]),
  lines(kind, 'uint32', [1, 4, 1], [2 ** 32 - 1, 2 ** 31, 5, 2 ** 31 - 1]),
  lines(kind, 'float32', [1, 5, 7]),
  lines(kind, 'float32', [1, special.length, 1], kind === 'prod' ? [2, 0, -1, NaN] : special),
  ...(kind === 'sum' || kind === 'prod' ? [] : [lines(kind, 'bool', [2, 9, 2]), lines(kind, 'int32', [1, 1025, 1])]),
])

/** carry ← carry · ½ + xs[t]; ys[t] ← carry: a scan over the rows of a [6, 4] buffer. */
function repeat(): KernelCase {
  const body = loop([f32(4), f32(4), f32(4), f32(4)], [4], (p) => {
    const i = p.index(0, 4)
    const next = p.add(p.mul(p.load('float32', 0, i), p.literal('float32', 0.5)), p.load('float32', 1, i))
    return [store(2, i, next), store(3, i, p.stored('float32', 0))]
  })
  const buffers = [f32(24), f32(24), f32(4)] // xs, ys, carry
  const program: Program = {
    buffers: [
      ...buffers.map((b) => ({ role: 'external', ...b }) as const),
      { role: 'temporary', ...f32(4), offset: 0 },
      { role: 'slice', ...f32(4) },
      { role: 'slice', ...f32(4) },
    ],
    scalars: [],
    arenaBytes: 64,
    steps: [
      {
        kind: 'repeat',
        count: 6,
        body: [{ kind: 'run', kernel: body, buffers: [2, 4, 3, 5], scalars: [] }],
        slices: [
          { buffer: 4, of: 0, start: 0, stride: 4 },
          { buffer: 5, of: 1, start: 20, stride: -4 },
        ],
        carries: [{ current: 2, next: 3 }],
      },
    ],
  }
  return {
    name: 'a repeat with a carry and slices, one of them backwards',
    program,
    buffers: contents(buffers),
    scalars: [],
  }
}

/** Two temporaries that share one place in the arena, one after the other. */
function temporaries(): KernelCase {
  const scale = (factor: number): Kernel =>
    loop([f32(10), f32(10)], [10], (p) => [
      store(0, p.index(0, 10), p.mul(p.load('float32', 1, p.index(0, 10)), p.literal('float32', factor))),
    ])
  const run = (kernel: Kernel, to: number, from: number) => ({ kind: 'run', kernel, buffers: [to, from], scalars: [] }) as const
  const buffers = [f32(10), f32(10), f32(10)]
  const program: Program = {
    buffers: [
      ...buffers.map((b) => ({ role: 'external', ...b }) as const),
      { role: 'temporary', ...f32(10), offset: 64 },
      { role: 'temporary', ...f32(10), offset: 64 },
      { role: 'temporary', ...f32(10), offset: 0 },
    ],
    scalars: [],
    arenaBytes: 128,
    steps: [run(scale(2), 3, 2), run(scale(3), 5, 3), run(scale(5), 4, 5), run(scale(1.5), 1, 4), run(scale(-1), 0, 5)],
  }
  return { name: 'temporaries that share a place', program, buffers: contents(buffers), scalars: [] }
}

/** Programs that use each kind of kernel. */
export const kernelCases: readonly KernelCase[] = [
  ...loops,
  ...reductions,
  ...contractions,
  ...convolutions,
  ...scatters,
  ...scansAndSorts,
  repeat(),
  temporaries(),
]
