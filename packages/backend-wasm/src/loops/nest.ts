/**
 * A loop kernel made ready for code: every loop has an axis number of its own, stages that run over the same points are one group, `stored` is
 * gone, and short reductions are written out.
 */
import {
  type BufferParam,
  type DType,
  distinct,
  type Expr,
  ExprPool,
  identity,
  isFloat,
  type LoopKernel,
  product,
  type ReduceOp,
  rebuild,
  type Stage,
} from '@tenon/kernel'
import { isCall, reuseStored } from './reuse.ts'

export interface Loop {
  readonly axis: number
  readonly extent: number
}

export interface Reduction {
  /** The stage whose register it fills. */
  readonly stage: number
  readonly op: ReduceOp
  readonly value: Expr
  /** Row-major position in the extents: what argmax and argmin give. */
  readonly position: Expr
}

export interface Write {
  readonly buffer: number
  readonly index: Expr
  readonly value: Expr
  /** The index is any, and outside of the buffer nothing happens. */
  readonly scatter?: 'set' | 'add'
}

/** Stages that run side by side in the same loops. Of the writes of a group, all load before one stores. */
export interface Group {
  readonly loops: readonly Loop[]
  readonly reductions: readonly Reduction[]
  readonly writes: readonly Write[]
}

export interface Nest {
  readonly pool: ExprPool
  readonly buffers: readonly BufferParam[]
  readonly scalars: readonly DType[]
  readonly grid: readonly Loop[]
  readonly groups: readonly Group[]
  /** Axes of the grid whose bounds are given at every call: they stay as they are. */
  readonly ranged: readonly number[]
}

/** Fewest points of a grid along which vectors may be better than along a small block at each. */
const smallestGrid = 16

/** Null when there is nothing to do. */
export function buildNest(kernel: LoopKernel, ranged: readonly number[] = []): Nest | null {
  const { stages } = kernel
  if (product(kernel.grid) === 0) return null
  const pool = new ExprPool()
  const grid = kernel.grid.map((extent, axis) => ({ axis, extent }))
  const groups: Group[] = []
  // What stands for the register of a stage that needs none, and for what a stage stored.
  const registers = new Map<number, Expr>()
  const values = new Map<number, Expr>()
  let nextAxis = grid.length

  for (const numbers of partition(stages)) {
    const { extents } = stages[numbers[0]!]!
    const loops = extents.map((extent) => ({ axis: nextAxis++, extent }))
    const here = new Set(numbers)
    const copy: (e: Expr) => Expr = rebuild(pool, {
      index: (e) => pool.index(e.axis < grid.length ? e.axis : loops[e.axis - grid.length]!.axis, e.extent),
      register: (e) => registers.get(e.stage) ?? pool.register(e.dtype, e.stage),
      stored: (e) => {
        const stage = stages[e.stage]!
        if (here.has(e.stage) || product(stage.extents) === 1) return values.get(e.stage)!
        // Another group's value over other loops: it is in memory by now.
        return stage.kind === 'store' ? pool.load(e.dtype, stage.buffer, copy(stage.index)) : pool.literal(e.dtype, 0)
      },
    })
    const position = loops.reduce((sum, loop) => pool.scaleAdd(sum, loop.extent, pool.index(loop.axis, loop.extent)), pool.int(0))
    const reductions: Reduction[] = []
    const writes: Write[] = []
    for (const number of numbers) {
      const stage = stages[number]!
      const value = copy(stage.value)
      if (stage.kind === 'store') {
        values.set(number, value)
        writes.push({ buffer: stage.buffer, index: copy(stage.index), value })
      } else {
        const short =
          product(extents) === 0
            ? pool.literal(stage.dtype, identity(stage.op, stage.dtype))
            : readsBack(stage.value, stages, here)
              ? null // without a loop around them, its loads would move up before the stores
              : writtenOut(pool, stage.op, value, loops)
        if (short) registers.set(number, short)
        else reductions.push({ stage: number, op: stage.op, value, position })
      }
    }
    if (product(extents) > 0 && reductions.length + writes.length > 0) groups.push({ loops, reductions, writes })
  }

  if (groups.length === 0) return null
  const points = product(kernel.grid)
  if (points >= smallestGrid) groups.forEach((group, i) => (groups[i] = writesWrittenOut(pool, group)))
  const nest = { pool, buffers: kernel.buffers, scalars: kernel.scalars, grid, groups: reuseStored(pool, kernel.buffers, groups), ranged }
  const only = groups[0]!
  // One group of stores: its points are as independent as the grid's.
  if (groups.length > 1 || only.reductions.length > 0) return nest
  return { ...nest, grid: [...grid, ...only.loops], groups: [{ ...only, loops: [] }] }
}

/** Neighbouring stages of one kind and equal extents, where no reduction needs another of its group. */
function partition(stages: readonly Stage[]): number[][] {
  const result: number[][] = []
  stages.forEach((stage, number) => {
    const group = result.at(-1)
    const before = group && stages[group[0]!]!
    const alike = before?.kind === stage.kind && String(before.extents) === String(stage.extents)
    if (alike && (stage.kind === 'store' || !usesRegisters(stage.value, group!))) group!.push(number)
    else result.push([number])
  })
  return result
}

const usesRegisters = (e: Expr, stages: readonly number[]): boolean =>
  [...distinct([e])].some((x) => x.op === 'register' && stages.includes(x.stage))

/** Whether a value is in memory only once another group has stored it. */
const readsBack = (e: Expr, stages: readonly Stage[], here: ReadonlySet<number>): boolean =>
  [...distinct([e])].some((x) => x.op === 'stored' && !here.has(x.stage) && product(stages[x.stage]!.extents) > 1)

/** Most points that are worth more than a loop, and most expressions for all of them. */
const longestWrittenOut = 16
const largestWrittenOut = 320

const isSmallBlock = (loops: readonly Loop[]): boolean =>
  loops.every((loop) => loop.extent <= 3) && product(loops.map((loop) => loop.extent)) <= 9

const combining = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const

/** A short reduction, such as that of a pooling window, as one expression. With functions it is one only where the stores, written out, share them. */
function writtenOut(pool: ExprPool, op: ReduceOp, value: Expr, loops: readonly Loop[]): Expr | null {
  if (product(loops.map((loop) => loop.extent)) > longestWrittenOut) return null
  if (!isSmallBlock(loops) && [...distinct([value])].some(isCall)) return null
  const terms = copies(pool, loops).map((copy) => copy(value))
  if (distinct(terms).size > largestWrittenOut) return null
  if (op === 'argmax' || op === 'argmin') return extremePosition(pool, op, terms)
  return terms.reduce((a, b) => pool.binary(combining[op], a, b))
}

function extremePosition(pool: ExprPool, op: 'argmax' | 'argmin', terms: readonly Expr[]): Expr {
  const isNaN = (x: Expr): Expr => (isFloat(x.dtype) ? pool.binary('ne', x, x) : pool.bool(false))
  let [best, position] = [terms[0]!, pool.int(0)]
  terms.slice(1).forEach((term, i) => {
    const beats = op === 'argmax' ? pool.binary('lt', best, term) : pool.binary('lt', term, best)
    // The first NaN beats everything, and nothing beats it.
    const isFirstNaN = pool.binary('and', isNaN(term), pool.unary('not', isNaN(best)))
    const better = pool.binary('or', beats, isFirstNaN)
    best = pool.select(better, term, best)
    position = pool.select(better, pool.int(i + 1), position)
  })
  return position
}

/** Stores to a small block at each point, such as a pooling window, as so many stores; then vectors can go across the points. */
function writesWrittenOut(pool: ExprPool, group: Group): Group {
  const { loops } = group
  if (group.writes.length === 0 || !isSmallBlock(loops)) return group
  const writes = copies(pool, loops).flatMap((copy) => group.writes.map((w) => ({ ...w, index: copy(w.index), value: copy(w.value) })))
  return distinct(writes.flatMap((w) => [w.index, w.value])).size > largestWrittenOut ? group : { ...group, loops: [], writes }
}

/** For each point of the loops, in row-major order, what puts it in place of their indices. */
function copies(pool: ExprPool, loops: readonly Loop[]): ((e: Expr) => Expr)[] {
  let points: ReadonlyMap<number, number>[] = [new Map()]
  for (const { axis, extent } of loops) {
    points = points.flatMap((point) => Array.from({ length: extent }, (_, i) => new Map([...point, [axis, i]])))
  }
  return points.map((point) =>
    rebuild(pool, { index: (e) => (point.has(e.axis) ? pool.int(point.get(e.axis)!) : pool.index(e.axis, e.extent)) }),
  )
}
