import { describe, expect, test } from 'vitest'
import { reads, writes } from './access.ts'
import type { Expr } from './expr.ts'
import type { Contraction, LoopKernel } from './kernel.ts'
import { kernelKey } from './key.ts'
import { ExprPool } from './pool.ts'
import { printExpr, printKernel, printProgram } from './print.ts'
import { programOf } from './program-of.ts'

const float = (length: number) => ({ dtype: 'float32', length }) as const

/** relu(x · w + b), as a loop. */
function linear(pool = new ExprPool()): LoopKernel {
  const [i, j, k] = [pool.index(0, 64), pool.index(1, 10), pool.index(2, 128)]
  const x = pool.load('float32', 1, pool.scaleAdd(i, 128, k))
  const w = pool.load('float32', 2, pool.scaleAdd(k, 10, j))
  const sum = pool.add(pool.register('float32', 0), pool.load('float32', 3, j))
  return {
    kind: 'loop',
    buffers: [float(640), float(8192), float(1280), float(10)],
    scalars: [],
    grid: [64, 10],
    stages: [
      { kind: 'reduce', op: 'sum', extents: [128], value: pool.mul(x, w), dtype: 'float32' },
      {
        kind: 'store',
        extents: [],
        buffer: 0,
        index: pool.scaleAdd(i, 10, j),
        value: pool.binary('max', sum, pool.literal('float32', 0)),
      },
    ],
  }
}

/** A sum of 2ⁿ terms in n nodes. */
function doubled(pool: ExprPool, n: number): Expr {
  let e: Expr = pool.unary('exp', pool.scalar('float32', 0))
  for (let i = 0; i < n; i++) e = pool.add(e, e)
  return e
}

describe('printing', () => {
  test('a kernel reads like the loops that it is', () => {
    expect(printKernel(linear())).toBe(
      ['loop [64, 10]', '  r0 = sum i2<128: b1[i0 * 128 + i2] * b2[i1 + i2 * 10]', '  b0[i0 * 10 + i1] = max(r0 + b3[i1], 0)'].join('\n'),
    )
  })

  test('parentheses stand where they are needed, and only there', () => {
    const pool = new ExprPool()
    const [a, b, c] = [0, 1, 2].map((slot) => pool.scalar('float32', slot)) as [Expr, Expr, Expr]
    expect(printExpr(pool.mul(pool.add(a, b), c))).toBe('(s0 + s1) * s2')
    expect(printExpr(pool.add(pool.mul(a, b), c))).toBe('s0 * s1 + s2')
    expect(printExpr(pool.sub(a, pool.sub(b, c)))).toBe('s0 - (s1 - s2)')
    expect(printExpr(pool.sub(pool.sub(a, b), c))).toBe('s0 - s1 - s2')
    expect(printExpr(pool.select(pool.binary('lt', a, b), a, pool.unary('neg', b)))).toBe('s0 < s1 ? s0 : neg(s1)')
  })

  test('what is used twice gets a name, so that a graph with much sharing prints in as many lines as it has nodes', () => {
    const lines = printExpr(doubled(new ExprPool(), 200)).split('\n')
    expect(lines[0]).toBe('t0 = exp(s0)')
    expect(lines[1]).toBe('t1 = t0 + t0')
    expect(lines).toHaveLength(201)
  })

  test('contractions and programs have their own forms', () => {
    const pool = new ExprPool()
    const kernel: Contraction = {
      kind: 'contraction',
      dtype: 'float32',
      batch: [],
      m: 2,
      n: 3,
      k: 4,
      buffers: [float(6), float(8), float(12)],
      scalars: [],
      a: { buffer: 1, offset: 0, batchStrides: [], rowStride: 4, columnStride: 1 },
      b: { buffer: 2, offset: 0, batchStrides: [], rowStride: 1, columnStride: 4 },
      stores: [
        {
          kind: 'store',
          extents: [],
          buffer: 0,
          index: pool.scaleAdd(pool.index(0, 2), 3, pool.index(1, 3)),
          value: pool.register('float32', 0),
        },
      ],
    }
    const text = printProgram(programOf(kernel))
    expect(text).toContain('buffer 2: external float32[12]')
    expect(text).toContain('contraction [2, 3]')
    expect(text).toContain('r0 = sum k<4: b1[0; 4, 1] · b2[0; 1, 4]')
  })

  test('prefix scans and sorts say along which axis they go', () => {
    const pool = new ExprPool()
    const value = pool.unary('neg', pool.load('float32', 1, pool.scaleAdd(pool.index(0, 2), 3, pool.index(1, 3))))
    const lines = { buffers: [float(6), float(6)], scalars: [], out: 0, grid: [2, 3], axis: 1, value } as const
    const scan = { kind: 'prefixScan', op: 'sum', ...lines } as const
    const sort = { kind: 'sort', descending: true, count: 2, ...lines } as const
    expect(printKernel(scan)).toBe('prefixScan [2, 3]\n  b0 = sum along i1: neg(b1[i0 * 3 + i1])')
    expect(printKernel(sort)).toBe('sort [2, 3]\n  b0 = first 2 in descending order along i1: neg(b1[i0 * 3 + i1])')
    expect(
      new Set(
        [scan, { ...scan, op: 'prod' } as const, { ...scan, axis: 0 }, sort, { ...sort, descending: false }, { ...sort, count: 3 }].map(
          kernelKey,
        ),
      ).size,
    ).toBe(6)
    expect([reads(scan), writes(scan)]).toEqual([new Set([1]), new Set([0])])
  })
})

describe('kernelKey', () => {
  test('is equal for equal kernels, whatever their pools made before and in whatever order their fields stand', () => {
    const used = new ExprPool()
    doubled(used, 5)
    const kernel = linear()
    const shuffled = Object.fromEntries(Object.entries(linear(used)).reverse()) as unknown as LoopKernel
    expect(kernelKey(shuffled)).toBe(kernelKey(kernel))
  })

  test('differs where anything differs', () => {
    const pool = new ExprPool()
    const kernel = linear()
    const [sum, store] = kernel.stages as [LoopKernel['stages'][0], LoopKernel['stages'][0]]
    const others: LoopKernel[] = [
      { ...kernel, grid: [64, 9] },
      { ...kernel, buffers: [...kernel.buffers, float(1)] },
      { ...kernel, stages: [{ ...sum, op: 'max' } as typeof sum, store] },
      { ...kernel, stages: [sum, { ...store, value: pool.register('float32', 0) }] },
      { ...kernel, stages: [sum, { ...store, value: pool.literal('float32', 0) }] },
      { ...kernel, stages: [sum, { ...store, value: pool.literal('float32', -0) }] },
    ]
    expect(new Set([kernel, ...others].map(kernelKey)).size).toBe(others.length + 1)
  })

  test('grows with the nodes of a graph, not with its paths', () => {
    const pool = new ExprPool()
    const store = { kind: 'store', extents: [], buffer: 0, index: pool.int(0), value: doubled(pool, 1000) } as const
    const kernel: LoopKernel = { kind: 'loop', buffers: [float(1)], scalars: ['float32'], grid: [], stages: [store] }
    expect(kernelKey(kernel).length).toBeLessThan(30_000)
  })
})
