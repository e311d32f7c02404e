import { type DType, ExprPool, type PrefixScan, type Sort } from '@tenon/kernel'
import { describe, expect, test } from 'vitest'
import { runKernel } from './run-kernel.ts'

const pool = new ExprPool()

/** Over the middle axis of [outer, length, inner], of numbers in row-major order. */
function lines(kernel: { op: PrefixScan['op'] } | Pick<Sort, 'descending'>, dtype: DType, grid: readonly number[], x: readonly number[]) {
  const value = pool.load(
    dtype,
    1,
    grid.reduce((at, extent, d) => pool.scaleAdd(at, extent, pool.index(d, extent)), pool.int(0)),
  )
  const common = { grid, axis: 1, out: 0, scalars: [], value } as const
  const buffers = (out: DType) => [out, dtype].map((type) => ({ dtype: type, length: x.length }))
  return [
    ...runKernel(
      'op' in kernel
        ? { kind: 'prefixScan', ...kernel, ...common, buffers: buffers(dtype) }
        : { kind: 'sort', count: grid[1]!, ...kernel, ...common, buffers: buffers('int32') },
      [[], x],
    ),
  ]
}
const row = (x: readonly number[]): number[] => [1, x.length, 1]

describe('prefix scans', () => {
  test('go along their axis, each line on its own', () => {
    const x = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
    expect(lines({ op: 'sum' }, 'float32', [2, 3, 2], x)).toEqual([1, 2, 4, 6, 9, 12, 7, 8, 16, 18, 27, 30])
    expect(lines({ op: 'prod' }, 'float32', [2, 3, 2], x)).toEqual([1, 2, 3, 8, 15, 48, 7, 8, 63, 80, 693, 960])
    expect(lines({ op: 'sum' }, 'float32', [2, 0, 2], [])).toEqual([])
  })

  test('wrap on integers, and keep in double what float32 would lose', () => {
    expect(lines({ op: 'sum' }, 'int32', row([2 ** 31 - 1, 1, 1]), [2 ** 31 - 1, 1, 1])).toEqual([2 ** 31 - 1, -(2 ** 31), 1 - 2 ** 31])
    expect(lines({ op: 'sum' }, 'uint32', row([2 ** 32 - 1, 2]), [2 ** 32 - 1, 2])).toEqual([2 ** 32 - 1, 1])
    expect(lines({ op: 'prod' }, 'int32', row([65537, 65537]), [65537, 65537])).toEqual([65537, 131073])
    const far = [2 ** 24, 1, 1, -(2 ** 24)]
    expect(lines({ op: 'sum' }, 'float32', row(far), far)).toEqual([2 ** 24, 2 ** 24, 2 ** 24 + 2, 2])
  })

  test('carry infinities and NaN on', () => {
    expect(lines({ op: 'sum' }, 'float32', row([1, 2, 3, 4]), [1, Infinity, -Infinity, 4])).toEqual([1, Infinity, NaN, NaN])
    expect(lines({ op: 'prod' }, 'float32', row([1, 2, 3]), [2, 0, NaN])).toEqual([2, 0, NaN])
  })
})

describe('sorts', () => {
  test('give the positions along their axis, each line on its own', () => {
    expect(lines({ descending: false }, 'float32', [2, 3, 2], [3, 0, 1, 1, 2, 2, 0, 9, 0, 8, 0, 7])).toEqual(
      [1, 0, 2, 1, 0, 2, 0, 2, 1, 1, 2, 0], // the lines are the columns of two blocks
    )
    expect(lines({ descending: false }, 'float32', [2, 0, 2], [])).toEqual([])
  })

  test('keep the order of equals in both directions, −0 equals 0, and NaN is the greatest', () => {
    const x = [0, NaN, -0, Infinity, 1, -Infinity, 1, NaN]
    expect(lines({ descending: false }, 'float32', row(x), x)).toEqual([5, 0, 2, 4, 6, 3, 1, 7])
    expect(lines({ descending: true }, 'float32', row(x), x)).toEqual([1, 7, 3, 4, 6, 0, 2, 5])
  })

  test('know the sign of integers', () => {
    expect(lines({ descending: false }, 'int32', row([1, 2, 3]), [5, -(2 ** 31), 2 ** 31 - 1])).toEqual([1, 0, 2])
    expect(lines({ descending: true }, 'uint32', row([1, 2, 3]), [5, 2 ** 31, 2 ** 32 - 1])).toEqual([2, 1, 0])
    expect(lines({ descending: true }, 'bool', row([1, 2, 3]), [0, 1, 1])).toEqual([1, 2, 0])
  })
})
