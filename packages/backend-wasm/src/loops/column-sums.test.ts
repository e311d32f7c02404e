import { ExprPool, type LoopKernel, programOf } from '@tenon/kernel'
import { expect, test } from 'vitest'
import { wasm } from '../backend.ts'

/** Σ x and Σ x², column by column, and then their difference; x is whole, so that every order of adding gives the same. */
const sums = (rows: number, columns: number): LoopKernel => {
  const p = new ExprPool()
  const column = p.index(0, columns)
  const x = p.load('float32', 0, p.scaleAdd(p.index(1, rows), columns, column))
  const [sum, squares] = [p.register('float32', 0), p.register('float32', 1)]
  const reduce = { kind: 'reduce', op: 'sum', extents: [rows], dtype: 'float32' } as const
  const store = { kind: 'store', extents: [], index: column } as const
  return {
    kind: 'loop',
    buffers: [rows * columns, columns, columns].map((length) => ({ dtype: 'float32', length })),
    scalars: [],
    grid: [columns],
    stages: [
      { ...reduce, value: x },
      { ...reduce, value: p.mul(x, x) },
      { ...store, buffer: 1, value: sum },
      { ...store, buffer: 2, value: p.sub(squares, sum) },
    ],
  }
}

for (const threads of [1, 3]) {
  test(`sums down columns of any number, over any number of rows: ${threads} threads`, async () => {
    const backend = wasm({ threads })
    for (const [rows, columns] of [
      [4096, 64],
      [4099, 37],
      [70_001, 1],
      [9, 20_003],
      [33_000, 2],
    ] as const) {
      const kernel = sums(rows, columns)
      const x = Float32Array.from({ length: rows * columns }, (_, i) => ((i * 7919) % 13) - 6)
      const expected = [new Float32Array(columns), new Float32Array(columns)]
      x.forEach((value, i) => {
        expected[0]![i % columns]! += value
        expected[1]![i % columns]! += value * value - value
      })
      const buffers = kernel.buffers.map(({ dtype, length }) => backend.allocate(dtype, length))
      backend.write(buffers[0]!, x)
      backend.execute(backend.compile(programOf(kernel)), buffers, [])
      expect(await Promise.all(buffers.slice(1).map((b) => backend.read(b))), `${rows} × ${columns}`).toEqual(expected)
      buffers.forEach((b) => backend.free(b))
    }
    backend.dispose()
  })
}
