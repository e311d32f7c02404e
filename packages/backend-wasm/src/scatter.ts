/** Scatters: independent loops give the output its first content, then the points follow one after the other. */
import { type Expr, ExprPool, product, rebuild, type Scatter } from '@tenon/kernel'
import { i32 } from './assembler/instructions.ts'
import { compileLoops, compileNest, type LoopFunction, type ModuleContext } from './loops/compile.ts'
import type { Nest } from './loops/nest.ts'

export function compileScatter(context: ModuleContext, kernel: Scatter): LoopFunction | null {
  const { buffers, scalars, out } = kernel
  const pool = new ExprPool()
  const copy = rebuild(pool)
  const { length } = buffers[out]!
  if (length === 0) return null
  const fill = {
    kind: 'store',
    extents: [],
    buffer: out,
    index: pool.index(0, length),
    value: copy(kernel.initial),
  } as const
  const initial = compileLoops(context, { kind: 'loop', buffers, scalars, grid: [length], stages: [fill] })!
  const points = product(kernel.grid) > 0 ? compilePoints(context, kernel, pool, copy) : null

  // Several points may meet in one element, so this is one part, for one thread.
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const args = f.param(0, 'i32').get
  for (const part of [initial, points]) if (part) f.add(part.f.call(args, i32.const(0), i32.const(part.extent), i32.const(0)))
  return { f, extent: 1, scratchBytes: 0 }
}

function compilePoints(context: ModuleContext, kernel: Scatter, pool: ExprPool, copy: (e: Expr) => Expr): LoopFunction {
  const grid = kernel.grid.map((extent, axis) => ({ axis, extent })).filter((loop) => loop.extent > 1)
  const write = { buffer: kernel.out, index: copy(kernel.index), value: copy(kernel.value), scatter: kernel.op }
  const nest: Nest = {
    pool,
    buffers: kernel.buffers,
    scalars: kernel.scalars,
    grid,
    groups: [{ loops: [], reductions: [], writes: [write] }],
    ranged: [],
  }
  const inOrder = { order: grid, lanes: null, parts: null }
  return compileNest(context, nest, { grid: inOrder, groups: [{ order: [], lanes: null, parts: null }] })
}
