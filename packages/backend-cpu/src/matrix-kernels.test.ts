/** Contractions and convolutions as typed-array loops give what their loop forms give. */
import { type Contraction, type Convolution, type DType, ExprPool, product, type SpatialAxis, toLoops } from '@tenon/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runKernel } from './run-kernel.ts'

const size = (max: number, min = 1) => fc.integer({ min, max })
const floats = fc.constantFrom<DType>('float32', 'float64')
const data = (length: number): number[] => Array.from({ length }, (_, i) => ((i * 37) % 19) - 9)

/** Relu of the result plus another buffer, at the place of the point in row-major order. */
function epilogue(grid: readonly number[], dtype: DType): Contraction['stores'] {
  const pool = new ExprPool()
  const index = grid.reduce((flat, extent, axis) => pool.scaleAdd(flat, extent, pool.index(axis, extent)), pool.int(0))
  const sum = pool.add(pool.register(dtype, 0), pool.load(dtype, 3, index))
  return [
    { kind: 'store', extents: [], buffer: 0, index, value: pool.binary('max', sum, pool.literal(dtype, 0)) },
    { kind: 'store', extents: [], buffer: 4, index, value: pool.add(pool.stored(dtype, 1), pool.literal(dtype, 1)) },
  ]
}

function expectSame(kernel: Contraction | Convolution): void {
  const inputs = kernel.buffers.map((b) => data(b.length))
  expect(runKernel(kernel, inputs)).toEqual(runKernel(toLoops(kernel), inputs))
  expect(runKernel(kernel, inputs, [], 4)).toEqual(runKernel(toLoops(kernel), inputs, [], 4))
}

test('contractions with batches, transposed and broadcast views', () => {
  const cases = fc.record({
    batch: fc.array(size(3), { maxLength: 2 }),
    m: size(20),
    n: size(20),
    k: size(9, 0),
    transposed: fc.tuple(fc.boolean(), fc.boolean()),
    broadcast: fc.boolean(),
    dtype: floats,
  })
  fc.assert(
    fc.property(cases, ({ batch, m, n, k, transposed, broadcast, dtype }) => {
      const view = (buffer: number, rows: number, columns: number, flip: boolean, repeated: boolean) => ({
        buffer,
        offset: 2,
        batchStrides: batch.map((_, d) => (repeated ? 0 : product(batch.slice(d + 1)) * rows * columns)),
        rowStride: flip ? 1 : columns,
        columnStride: flip ? rows : 1,
      })
      const items = product(batch)
      const lengths = [items * m * n, 2 + items * m * k, 2 + items * k * n, items * m * n, items * m * n]
      expectSame({
        kind: 'contraction',
        dtype,
        batch,
        m,
        n,
        k,
        scalars: [],
        buffers: lengths.map((length) => ({ dtype, length })),
        a: view(1, m, k, transposed[0], false),
        b: view(2, k, n, transposed[1], broadcast),
        stores: epilogue([...batch, m, n], dtype),
      })
    }),
    { numRuns: 60 },
  )
})

test('a contraction with rows longer than a block', () => {
  const [m, n, k] = [11, 1100, 2]
  const dtype = 'float32'
  expectSame({
    kind: 'contraction',
    dtype,
    batch: [],
    m,
    n,
    k,
    scalars: [],
    buffers: [m * n, m * k, k * n, m * n, m * n].map((length) => ({ dtype, length })),
    a: { buffer: 1, offset: 0, batchStrides: [], rowStride: k, columnStride: 1 },
    b: { buffer: 2, offset: 0, batchStrides: [], rowStride: n, columnStride: 1 },
    stores: epilogue([m, n], dtype),
  })
})

const axes = fc.array(
  fc.record({
    input: size(6),
    kernel: size(7),
    output: size(6),
    stride: size(3),
    dilation: size(3),
    inputDilation: size(3),
    padLow: fc.integer({ min: -2, max: 6 }),
  }),
  { maxLength: 3 },
)

test('convolutions with any stride, padding, dilation of either side, and groups, in up to three dimensions', () => {
  const cases = fc.record({
    batch: size(2),
    groups: size(2),
    inChannels: size(3),
    outChannels: size(3),
    spatial: axes,
    dtype: floats,
  })
  fc.assert(
    fc.property(cases, ({ batch, groups, inChannels, outChannels, spatial, dtype }) => {
      const extents = (of: keyof SpatialAxis) => spatial.map((axis) => axis[of])
      const strides = (shape: readonly number[]) => shape.map((_, d) => product(shape.slice(d + 1)))
      const [xPlane, wPlane] = [product(extents('input')), product(extents('kernel'))]
      const grid = [batch, groups, outChannels, ...extents('output')]
      const lengths = [
        product(grid),
        batch * groups * inChannels * xPlane,
        groups * outChannels * inChannels * wPlane,
        product(grid),
        product(grid),
      ]
      expectSame({
        kind: 'convolution',
        dtype,
        batch,
        groups,
        inChannels,
        outChannels,
        spatial,
        scalars: [],
        buffers: lengths.map((length) => ({ dtype, length })),
        x: {
          buffer: 1,
          offset: 0,
          batch: groups * inChannels * xPlane,
          group: inChannels * xPlane,
          channel: xPlane,
          spatial: strides(extents('input')),
        },
        w: {
          buffer: 2,
          offset: 0,
          group: outChannels * inChannels * wPlane,
          out: inChannels * wPlane,
          in: wPlane,
          spatial: strides(extents('kernel')),
        },
        stores: epilogue(grid, dtype),
      })
    }),
    { numRuns: 150 },
  )
})
