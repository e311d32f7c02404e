/**
 * Scatters. The output gets its first content, and then the points follow one after the other, for several may meet in one element. But points that
 * differ along an axis that the output has too, such as the features of an embedding or the rows of a batch, never meet: such an axis is what the
 * threads share, and the lanes of vectors go along it where its elements are neighbours.
 */
import { distinct, type Expr, ExprPool, product, type Range, rebuild, type Scatter } from '@tenon/kernel'
import type { I32 } from './assembler/code.ts'
import { i32 } from './assembler/instructions.ts'
import { minimum, Writer } from './assembler/writer.ts'
import { commonDivisor } from './common-divisor.ts'
import { tidyAxes } from './loops/axes.ts'
import { compileNestPiece, type LoopFunction, type ModuleContext } from './loops/compile.ts'
import type { Loop, Nest, Write } from './loops/nest.ts'
import { planLanes } from './loops/plan.ts'

/** An axis of the grid, and of the output as [outer, extent, inner]. */
interface OwnAxis {
  readonly axis: number
  /** Of the output: the grid may have fewer points. */
  readonly extent: number
  readonly inner: number
  readonly hasLanes: boolean
}

/** Shares begin with a cache line, where the elements are neighbours. */
const lineElements = 16

export function compileScatter(context: ModuleContext, kernel: Scatter): LoopFunction | null {
  const { buffers, out, grid } = kernel
  if (buffers[out]!.length === 0) return null
  const pool = new ExprPool()
  const own = product(grid) > 0 ? ownAxis(pool, kernel) : null
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end] = [0, 1, 2].map((i) => f.param(i, 'i32').get) as [I32, I32, I32]
  const w = new Writer(f)
  w.add(compileFill(context, kernel, pool, own).call(args, ...(own ? [begin, end] : [])))
  if (product(grid) > 0) {
    const points = compilePoints(context, kernel, pool, own)
    w.add(points.call(args, ...(own ? [begin, w.keep(minimum(end, i32.const(grid[own.axis]!)))] : [])))
  }
  f.add(w.code)
  return { f, extent: own?.extent ?? 1, grain: own?.inner === 1 ? lineElements : 1, scratchBytes: 0 }
}

/** One with lanes, if there is any; of these the longest. */
function ownAxis(pool: ExprPool, kernel: Scatter): OwnAxis | null {
  const axes = kernel.grid.map((_, axis) => ownAxisAt(pool, kernel, axis)).filter((own) => own !== null)
  return axes.sort((a, b) => Number(b.hasLanes) - Number(a.hasLanes) || b.extent - a.extent)[0] ?? null
}

/** Null where points that differ along the axis may meet. */
function ownAxisAt(pool: ExprPool, { buffers, out, grid, index }: Scatter, axis: number): OwnAxis | null {
  const copy = rebuild(pool)(index)
  const isGuarded = copy.op === 'select' && copy.b.op === 'literal' && copy.b.value < 0
  const [target, conditions] = isGuarded ? [copy.a, allOf(copy.cond)] : [copy, []]
  const { terms, constant } = pool.linear(target)
  const isOwn = (e: Expr): boolean => e.op === 'index' && e.axis === axis
  const inner = [...terms].find(([e]) => isOwn(e))?.[1] ?? 0
  if (grid[axis] === 1 || inner < 1 || constant !== 0) return null

  const { dtype, length } = buffers[out]!
  let [block, within] = [length, 0]
  for (const [e, coefficient] of terms) {
    if (coefficient % inner !== 0) {
      const { min, max } = rangeWhere(conditions, pool, e)
      if (min < 0 || coefficient < 0) return null
      within += coefficient * max
    } else if (!isOwn(e)) block = commonDivisor(block, Math.abs(coefficient))
  }
  if (within >= inner || block % inner !== 0 || block < inner * grid[axis]!) return null
  const picks = distinct([...conditions, ...[...terms.keys()].filter((e) => !isOwn(e))])
  return { axis, extent: block / inner, inner, hasLanes: inner === 1 && grid[axis]! >= 4 && dtype !== 'bool' && ![...picks].some(isOwn) }
}

const allOf = (condition: Expr): Expr[] =>
  condition.op === 'binary' && condition.fn === 'and' ? [...allOf(condition.a), ...allOf(condition.b)] : [condition]

/** Of an index, at the points where all conditions hold: a pick from outside goes nowhere. */
function rangeWhere(conditions: readonly Expr[], pool: ExprPool, e: Expr): Range {
  let { min, max } = pool.range(e)
  for (const c of conditions) {
    if (c.op !== 'binary') continue
    if (c.fn === 'le' && c.a.op === 'literal' && c.b === e) min = Math.max(min, c.a.value)
    if (c.fn === 'lt' && c.a === e && c.b.op === 'literal') max = Math.min(max, c.b.value - 1)
  }
  return { min, max }
}

const nestOf = (pool: ExprPool, { buffers, scalars }: Scatter, own: OwnAxis | null, grid: readonly Loop[], write: Write): Nest => ({
  pool,
  buffers,
  scalars,
  grid,
  groups: [{ loops: [], reductions: [], writes: [write] }],
  ranged: own ? [own.axis] : [],
})

/** A function of (arguments, and begin and end of the own axis). */
function compileFill(context: ModuleContext, kernel: Scatter, pool: ExprPool, own: OwnAxis | null) {
  const { out, initial, grid } = kernel
  const { length } = kernel.buffers[out]!
  const { axis, extent, inner } = own ?? { axis: grid.length, extent: length, inner: 1 }
  const loops = [
    { axis: grid.length + 1, extent: length / (extent * inner) },
    { axis, extent },
    { axis: grid.length + 2, extent: inner },
  ]
  const index = loops.reduce((flat, loop) => pool.scaleAdd(flat, loop.extent, pool.index(loop.axis, loop.extent)), pool.int(0))
  const value = rebuild(pool, { index: () => index })(initial)
  const nest = tidyAxes(nestOf(pool, kernel, own, loops, { buffer: out, index, value }))
  return compileNestPiece(context, nest, planLanes(nest), 0)
}

/** In order: of the points that may meet, each comes after those before it. */
function compilePoints(context: ModuleContext, kernel: Scatter, pool: ExprPool, own: OwnAxis | null) {
  const copy = rebuild(pool)
  const grid = kernel.grid.map((extent, axis) => ({ axis, extent }))
  const others = grid.filter((loop) => loop.extent > 1 && loop.axis !== own?.axis)
  const ownLoops = grid.filter((loop) => loop.axis === own?.axis)
  const order = own?.hasLanes ? [...others, ...ownLoops] : [...ownLoops, ...others]
  const write = { buffer: kernel.out, index: copy(kernel.index), value: copy(kernel.value), scatter: kernel.op }
  const plan = { order, lanes: own?.hasLanes ? own.axis : null, parts: null }
  const nest = nestOf(pool, kernel, own, grid, write)
  return compileNestPiece(context, nest, { grid: plan, groups: [{ order: [], lanes: null, parts: null }] }, 0)
}
