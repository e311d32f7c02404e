/**
 * Products too thin to fill tiles are loops, with vectors along k. Where the epilogue calls functions, that would call them for one sum at a
 * time: there all sums go to scratch memory first, and the epilogue has vectors of its own.
 */
import { type Contraction, distinct, product, rebuild, toLoops } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { Writer } from '../assembler/writer.ts'
import { compileLoops, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { isCall } from '../loops/reuse.ts'
import { compilePart, epilogueStages, float, storeTo, strided } from './part.ts'

/** Sums that stay in the first caches until the epilogue. */
const mostSums = 16384

export function compileThin(context: ModuleContext, kernel: Contraction): LoopFunction | null {
  const loops = toLoops(kernel)
  const { grid, stages } = loops
  const length = product(grid)
  const calls = [...distinct(kernel.stores.map((s) => s.value))].some(isCall)
  if (!calls || length < 16 || length > mostSums || kernel.dtype !== 'float32') return compileLoops(context, loops)

  const strides = grid.map((_, axis) => product(grid.slice(axis + 1)))
  const cut = grid.findIndex((extent) => extent > 1)
  const axes = grid.map((extent, axis) => ({ extent, cut: axis === cut, scratch: strides[axis]! }))
  const scratch = { dtype: 'float32', length } as const
  const sums = compilePart(context, kernel, scratch, axes, (pool, indices, to) => {
    const sum = stages[0]!
    return [{ ...sum, value: rebuild(pool)(sum.value) }, storeTo(to, strided(pool, 0, strides, indices), pool.register('float32', 0))]
  })
  const epilogue = compilePart(context, kernel, scratch, axes, (pool, indices, from) =>
    epilogueStages(pool, kernel.stores, indices, pool.load('float32', from, strided(pool, 0, strides, indices))),
  )
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, start, end, address] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const w = new Writer(f)
  const spans = axes.map((axis) => (axis.cut ? { start, end } : null))
  for (const part of [sums, epilogue]) part(w, args, address, spans)
  f.add(w.code)
  return { f, extent: grid[cut]!, scratchBytes: length * float }
}
