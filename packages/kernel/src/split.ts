/**
 * Splits long reductions, so that a sum over everything uses every thread and no loop is longer than a backend can run.
 * A reduce stage becomes a kernel that reduces the parts of one axis into a temporary, and a stage that reduces those.
 */
import { distinct, reads, writes } from './access.ts'
import type { Capabilities } from './backend.ts'
import type { DType } from './dtype.ts'
import type { Expr } from './expr.ts'
import { product } from './extents.ts'
import type { BufferParam, LoopKernel, ReduceStage, Stage, StoreStage } from './kernel.ts'
import { ExprPool } from './pool.ts'
import { rebuild } from './rebuild.ts'
import { identity, isArg } from './reduce.ts'

/** Kernels to run in this order. `buffers` are positions in the original's buffers, followed by the temporaries. */
export interface SplitKernels {
  readonly temporaries: readonly BufferParam[]
  readonly kernels: readonly { readonly kernel: LoopKernel; readonly buffers: readonly number[] }[]
}

/** The capabilities that `splitReduction` asks about. */
export type SplitLimits = Pick<Capabilities, 'threads' | 'maxLoop' | 'maxStores'>

/** Fewer values than this are not worth a second kernel. */
const worthThreads = 1 << 16

/**
 * Null where nothing is to be split. A reduction of what the kernel has stored is left as it is: its parts would each store that once more.
 * A float sum is rounded to its dtype for each part, so it may differ from the unsplit sum in the last bits.
 */
export function splitReduction(kernel: LoopKernel, limits: SplitLimits): SplitKernels | null {
  const buffers = [...kernel.buffers]
  const finished: LoopKernel[] = []
  const visit = (given: LoopKernel): void => {
    const k = { ...given, stages: reductionsFirst(given.stages) }
    for (const [first, stage] of k.stages.entries()) {
      if (stage.kind === 'store') break
      const cut = cutFor(stage, k.grid, limits)
      if (cut) {
        for (const part of splitStages(k, first, alike(k.stages, first).slice(0, limits.maxStores), cut, buffers)) visit(part)
        return
      }
    }
    finished.push(k)
  }
  visit(kernel)
  if (finished.length === 1) return null
  return { temporaries: buffers.slice(kernel.buffers.length), kernels: finished.map((k) => onlyUsed(k, buffers)) }
}

const usesStage = ({ value }: Stage, is: (stage: number) => boolean): boolean =>
  [...distinct([value])].some((e) => (e.op === 'register' || e.op === 'stored') && is(e.stage))

/** The stages with every reduction before the stores that it does not read: loads see memory as it was before the kernel. */
function reductionsFirst(stages: readonly Stage[]): readonly Stage[] {
  const isLate: boolean[] = []
  for (const s of stages) isLate.push(s.kind === 'store' || usesStage(s, (stage) => isLate[stage]!))
  const order = [...stages.keys()].sort((a, b) => Number(isLate[a]) - Number(isLate[b]))
  if (order.every((stage, i) => stage === i)) return stages
  const pool = new ExprPool()
  const renumbered = rebuild(pool, {
    register: (e) => pool.register(e.dtype, order.indexOf(e.stage)),
    stored: (e) => pool.stored(e.dtype, order.indexOf(e.stage)),
  })
  return order.map((stage) => mapStage(stages[stage]!, renumbered))
}

/** The reductions from `first` on that can be split like it and with it, for none needs another. */
function alike(stages: readonly Stage[], first: number): readonly ReduceStage[] {
  const { extents, op } = stages[first] as ReduceStage
  const isAlike = (s: Stage): boolean =>
    s.kind === 'reduce' && s.extents.join() === extents.join() && isArg(s.op) === isArg(op) && !usesStage(s, (stage) => stage >= first)
  const end = stages.findIndex((s, i) => i >= first && !isAlike(s))
  return stages.slice(first, end < 0 ? stages.length : end) as ReduceStage[]
}

/** One inner axis in parts of equal length, the last of which may reach past the end. */
interface Cut {
  readonly axis: number
  readonly parts: number
  readonly length: number
}

function cutFor({ op, extents }: ReduceStage, grid: readonly number[], { threads, maxLoop }: SplitLimits): Cut | null {
  const points = product(grid)
  const values = product(extents)
  const tooFewPoints = points < 2 * threads && points * values >= worthThreads
  const wanted = Math.max(threads > 1 && tooFewPoints ? Math.ceil((4 * threads) / points) : 1, Math.ceil(values / maxLoop))
  if (wanted <= 1) return null
  // The parts of an argmax must follow each other in row-major order, for the first of equals to be found.
  const axis = isArg(op) ? extents.findIndex((extent) => extent > 1) : extents.indexOf(Math.max(...extents))
  const extent = extents[axis]!
  // Fewer parts than values, so that splitting comes to an end.
  const most = Math.min(extent, Math.ceil(values / 2))
  let parts = Math.min(wanted, most)
  while (extent % parts !== 0 && parts < Math.min(2 * wanted, most)) parts++
  const length = Math.ceil(extent / parts)
  return { axis, length, parts: Math.ceil(extent / length) }
}

/** The kernels that reduce the parts of a run of stages, and, last, the kernel that goes on from there. */
function splitStages(kernel: LoopKernel, first: number, run: readonly ReduceStage[], cut: Cut, buffers: BufferParam[]): LoopKernel[] {
  const { grid, stages } = kernel
  const rank = grid.length
  const pool = new ExprPool()

  // The parts are a new last axis of the grid. In the rest they are the stage's own axis, which has the same number.
  const part = pool.index(rank, cut.parts)
  const point = grid.reduce((flat, extent, i) => pool.scaleAdd(flat, extent, pool.index(i, extent)), pool.int(0))
  const place = (p: Expr): Expr => pool.scaleAdd(point, cut.parts, p)
  const stores: StoreStage[] = []
  /** A temporary for one value of each part. */
  const keep = (dtype: DType, value: Expr): ((p: Expr) => Expr) => {
    const buffer = buffers.push({ dtype, length: product(grid) * cut.parts }) - 1
    stores.push({ kind: 'store', extents: [], buffer, index: place(part), value })
    return (p) => pool.load(dtype, buffer, place(p))
  }

  const split = run.map((stage, i) => {
    const register = pool.register(stage.dtype, first + i)
    const extents = stage.extents.with(cut.axis, cut.length)
    const valueAt = partOf(pool, stage, rank, cut)
    const value = valueAt(extents.map((extent, i) => pool.index(rank + 1 + i, extent)))
    const best = isArg(stage.op) ? valueAt(unravel(pool, register, extents)) : register
    const combined: Stage = { ...stage, extents: [cut.parts], value: keep(value.dtype, best)(part) }
    const inner = product(extents.slice(cut.axis + 1))
    const result = isArg(stage.op) ? keep('int32', pool.scaleAdd(part, cut.length * inner, register))(register) : register
    return { part: { ...stage, extents, value }, combined, result }
  })

  const moved = rebuild(pool, { index: (e) => pool.index(e.axis < rank ? e.axis : e.axis + 1, e.extent) })
  const found = rebuild(pool, { register: (e) => split[e.stage - first]?.result ?? pool.register(e.dtype, e.stage) })
  const before = stages.slice(0, first)
  const after = stages.slice(first + run.length).map((s) => mapStage(s, found))
  const parts = [...before.map((s) => mapStage(s, moved)), ...split.map((s) => s.part), ...stores]
  return [
    { ...kernel, grid: [...grid, cut.parts], stages: parts },
    { ...kernel, stages: [...before, ...split.map((s) => s.combined), ...after] },
  ]
}

/** What a stage reduces, at coordinates in a part. Past the end of the axis it is the identity, and nothing is read. */
function partOf(pool: ExprPool, stage: ReduceStage, rank: number, { axis, parts, length }: Cut) {
  return (coordinates: readonly Expr[]): Expr => {
    const position = coordinates.with(axis, pool.scaleAdd(pool.index(rank, parts), length, coordinates[axis]!))
    const within = pool.binary('lt', position[axis]!, pool.int(stage.extents[axis]!))
    const value = rebuild(pool, {
      index: (e) => (e.axis < rank ? pool.index(e.axis, e.extent) : position[e.axis - rank]!),
      load: (e, index, valid) => pool.load(e.dtype, e.buffer, index, pool.and(valid, within)),
    })(stage.value)
    return pool.select(within, value, pool.literal(value.dtype, identity(stage.op, value.dtype)))
  }
}

/** Row-major coordinates of a position. */
function unravel(pool: ExprPool, position: Expr, extents: readonly number[]): Expr[] {
  return extents.map((extent, i) => {
    const rest = pool.binary('idiv', position, pool.int(product(extents.slice(i + 1))))
    return i === 0 ? rest : pool.binary('mod', rest, pool.int(extent))
  })
}

const mapStage = (s: Stage, f: (e: Expr) => Expr): Stage =>
  s.kind === 'reduce' ? { ...s, value: f(s.value) } : { ...s, index: f(s.index), value: f(s.value) }

/** The kernel with only the buffers that it touches, and those. */
function onlyUsed(kernel: LoopKernel, all: readonly BufferParam[]): SplitKernels['kernels'][number] {
  const buffers = [...new Set([...reads(kernel), ...writes(kernel)])].sort((a, b) => a - b)
  const pool = new ExprPool()
  const copy = rebuild(pool, { load: (e, index, valid) => pool.load(e.dtype, buffers.indexOf(e.buffer), index, valid) })
  const stages = kernel.stages.map((s) => mapStage(s.kind === 'store' ? { ...s, buffer: buffers.indexOf(s.buffer) } : s, copy))
  return { kernel: { ...kernel, buffers: buffers.map((b) => all[b]!), stages }, buffers }
}
