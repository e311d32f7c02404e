import { expect, test } from 'vitest'
import { cost } from './cost.ts'
import type { Contraction, PrefixScan } from './kernel.ts'
import { toLoops } from './loops.ts'
import { ExprPool } from './pool.ts'

test('a matmul with a bias costs 2mnk + mn operations and each of its buffers once, in both forms', () => {
  const pool = new ExprPool()
  const [m, n, k] = [4, 5, 6]
  const column = pool.index(1, n)
  const value = pool.add(pool.register('float32', 0), pool.load('float32', 3, column))
  const kernel: Contraction = {
    kind: 'contraction',
    dtype: 'float32',
    batch: [],
    m,
    n,
    k,
    scalars: [],
    buffers: [m * n, m * k, k * n, n].map((length) => ({ dtype: 'float32', length })),
    a: { buffer: 1, offset: 0, batchStrides: [], rowStride: k, columnStride: 1 },
    b: { buffer: 2, offset: 0, batchStrides: [], rowStride: n, columnStride: 1 },
    stores: [{ kind: 'store', extents: [], buffer: 0, index: pool.scaleAdd(pool.index(0, m), n, column), value }],
  }
  const expected = { flops: 2 * m * n * k + m * n, bytes: 4 * (m * n + m * k + k * n + n) }
  expect(cost(kernel)).toEqual(expected)
  expect(cost(toLoops(kernel))).toEqual(expected)
})

test('a prefix scan costs an operation for each element, beside what its values cost', () => {
  const pool = new ExprPool()
  const value = pool.unary('exp', pool.load('float32', 1, pool.index(0, 7)))
  const buffers = [7, 7].map((length) => ({ dtype: 'float32', length }) as const)
  const scan: PrefixScan = { kind: 'prefixScan', op: 'sum', scalars: [], buffers, out: 0, grid: [7], axis: 0, value }
  expect(cost(scan)).toEqual({ flops: 14, bytes: 56 })
  expect(cost({ ...scan, kind: 'sort', descending: false, count: 7 })).toEqual({ flops: 7, bytes: 56 })
})
