import { ExprPool, programOf, type Scatter } from '@tenon/kernel'
import { expect, test } from 'vitest'
import { makeWasm } from './backend.ts'
import type { BoundProgram } from './programs.ts'

interface Case {
  readonly what: string
  /** Of the output. */
  readonly shape: readonly [number, number, number]
  readonly grid: readonly [number, number, number]
  /** The axis along which the points pick where they go, and the axes that their picks differ along. */
  readonly dim: number
  readonly picksAlong: readonly number[]
}

const cases: readonly Case[] = [
  { what: 'rows of an embedding', shape: [7, 1, 50], grid: [300, 1, 50], dim: 0, picksAlong: [0] },
  { what: 'rows of which the output has more columns', shape: [5, 1, 70], grid: [90, 1, 33], dim: 0, picksAlong: [0] },
  { what: 'each column where it wants to', shape: [6, 1, 40], grid: [50, 1, 40], dim: 0, picksAlong: [0, 2] },
  { what: 'the middle of three axes', shape: [9, 4, 20], grid: [8, 30, 19], dim: 1, picksAlong: [1] },
  { what: 'the last of three axes', shape: [17, 5, 4], grid: [17, 5, 60], dim: 2, picksAlong: [0, 1, 2] },
  { what: 'the columns of rows', shape: [40, 1, 6], grid: [37, 1, 50], dim: 2, picksAlong: [0, 2] },
  { what: 'a single column', shape: [8, 1, 1], grid: [100, 1, 1], dim: 0, picksAlong: [0] },
]

const rowMajor = (indices: readonly number[], extents: readonly number[]): number =>
  indices.reduce((flat, i, d) => flat * extents[d]! + i, 0)
const sizeOf = (extents: readonly number[]): number => extents.reduce((a, b) => a * b)

/** Picks one more than there is at either end. */
const picksOf = ({ shape, grid, dim }: Case): Int32Array =>
  Int32Array.from({ length: sizeOf(grid) }, (_, i) => ((i * 7919) % (shape[dim]! + 2)) - 1)

function kernelOf({ shape, grid, dim, picksAlong }: Case, op: Scatter['op']): Scatter {
  const p = new ExprPool()
  const flat = (indices: readonly ReturnType<typeof p.int>[], extents: readonly number[]) =>
    indices.reduce((sum, i, d) => p.scaleAdd(sum, extents[d]!, i), p.int(0))
  const indices = grid.map((extent, d) => p.index(d, extent))
  const pick = p.load(
    'int32',
    1,
    flat(
      indices.map((i, d) => (picksAlong.includes(d) ? i : p.int(0))),
      grid,
    ),
  )
  const isInside = p.and(p.binary('le', p.int(0), pick), p.binary('lt', pick, p.int(shape[dim]!)))!
  return {
    kind: 'scatter',
    op,
    out: 2,
    buffers: [
      { dtype: 'float32', length: sizeOf(grid) },
      { dtype: 'int32', length: sizeOf(grid) },
      { dtype: 'float32', length: sizeOf(shape) },
    ],
    scalars: [],
    grid,
    initial: p.cast('float32', p.index(0, sizeOf(shape))),
    index: p.select(isInside, flat(indices.with(dim, pick), shape), p.int(-1)),
    value: p.load('float32', 0, flat(indices, grid)),
  }
}

function expected({ shape, grid, dim, picksAlong }: Case, op: Scatter['op'], x: Float32Array, picks: Int32Array): Float32Array {
  const out = Float32Array.from({ length: sizeOf(shape) }, (_, i) => i)
  for (let i = 0; i < x.length; i++) {
    const indices = [Math.floor(i / (grid[1] * grid[2])), Math.floor(i / grid[2]) % grid[1], i % grid[2]]
    const pick =
      picks[
        rowMajor(
          indices.map((index, d) => (picksAlong.includes(d) ? index : 0)),
          grid,
        )
      ]!
    if (pick < 0 || pick >= shape[dim]!) continue
    const at = rowMajor(indices.with(dim, pick), shape)
    out[at] = op === 'set' ? x[i]! : Math.fround(out[at]! + x[i]!)
  }
  return out
}

test('what is scattered along an axis is shared along another one, also from columns to columns', () => {
  const backend = makeWasm({ threads: 2 }, { worth: { splitting: 0, waking: 0, sharing: 0 }, patience: 30_000, mostKernels: 64 })
  const isShared = (one: Case): boolean =>
    (backend.compile(programOf(kernelOf(one, 'add'))) as BoundProgram).commands(false).words[7] === -1
  expect(cases.filter((one) => !isShared(one)).map(({ what }) => what)).toEqual(['a single column'])
  backend.dispose()
})

for (const threads of [1, 3]) {
  for (const one of cases) {
    test(`a scatter is as if point came after point: ${one.what}, ${threads} threads`, async () => {
      const backend = makeWasm({ threads }, { worth: { splitting: 0, waking: 0, sharing: 0 }, patience: 30_000, mostKernels: 64 })
      const picks = picksOf(one)
      const x = Float32Array.from({ length: picks.length }, (_, i) => Math.sin(i))
      for (const op of ['set', 'add'] as const) {
        const kernel = kernelOf(one, op)
        const buffers = kernel.buffers.map(({ dtype, length }) => backend.allocate(dtype, length))
        backend.write(buffers[0]!, x)
        backend.write(buffers[1]!, picks)
        backend.execute(backend.compile(programOf(kernel)), buffers, [])
        expect(await backend.read(buffers[2]!), op).toEqual(expected(one, op, x, picks))
      }
      backend.dispose()
    })
  }
}
