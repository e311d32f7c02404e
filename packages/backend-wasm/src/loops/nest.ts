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
  type LoopKernel,
  product,
  type ReduceOp,
  rebuild,
  type Stage,
} from '@tenon/kernel'

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
  /** One of the two is empty. */
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
          product(extents) === 0 ? pool.literal(stage.dtype, identity(stage.op, stage.dtype)) : writtenOut(pool, stage.op, value, loops)
        if (short) registers.set(number, short)
        else reductions.push({ stage: number, op: stage.op, value, position })
      }
    }
    if (product(extents) > 0 && reductions.length + writes.length > 0) groups.push({ loops, reductions, writes })
  }

  const [only] = groups
  if (!only) return null
  const nest = { pool, buffers: kernel.buffers, scalars: kernel.scalars, grid, groups, ranged }
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

/** Most terms, and most expressions in all of them, that are worth more than a loop. */
const longestWrittenOut = 16
const largestWrittenOut = 160

const combining = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const

/** A short reduction, such as that of a pooling window, as one expression. */
function writtenOut(pool: ExprPool, op: ReduceOp, value: Expr, loops: readonly Loop[]): Expr | null {
  const count = product(loops.map((loop) => loop.extent))
  if (op === 'argmax' || op === 'argmin' || count > longestWrittenOut || count * distinct([value]).size > largestWrittenOut) return null
  let points: ReadonlyMap<number, number>[] = [new Map()]
  for (const { axis, extent } of loops) {
    points = points.flatMap((point) => Array.from({ length: extent }, (_, i) => new Map([...point, [axis, i]])))
  }
  const terms = points.map((point) => {
    const at = rebuild(pool, {
      index: (e) => (point.has(e.axis) ? pool.int(point.get(e.axis)!) : pool.index(e.axis, e.extent)),
    })
    return at(value)
  })
  return terms.reduce((a, b) => pool.binary(combining[op], a, b))
}
