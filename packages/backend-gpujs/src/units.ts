/**
 * Loop kernels as gpu.js can run them: functions of one output each, which say for every place of the output what stands there.
 * So a store is turned around, from "this point writes there" to "this place is written by that point".
 */
import {
  type BufferParam,
  type Expr,
  ExprPool,
  fewInputs,
  type LoopKernel,
  product,
  type ReduceStage,
  reads,
  rebuild,
  type Stage,
  type StoreStage,
  splitReduction,
} from '@tenon/kernel'

/** gpu.js counts places in float32, which is exact to here. */
export const maxLength: number = 2 ** 23
/** WebGL promises 16 textures to a kernel, in some browsers 8, and one of them may be the output's own content. */
export const maxInputs = 7

export interface Digit {
  readonly axis: number
  readonly extent: number
  readonly stride: number
  readonly reversed: boolean
}

/** A place minus `constant` and scalars is Σ stride · (coordinate, or extent − 1 − coordinate): digits, the largest stride first. */
export interface Place {
  readonly constant: number
  readonly scalars: readonly { readonly slot: number; readonly factor: number }[]
  readonly digits: readonly Digit[]
  /** Whether every place of the output is written. */
  readonly dense: boolean
}

/** One gpu.js kernel: output `out` = `value`, after `reduces` (by their register numbers), at the point that `place` finds. */
export interface Unit {
  readonly out: number
  /** Of the output. */
  readonly length: number
  readonly pool: ExprPool
  /** The place, from the coordinates of the point. */
  readonly index: Expr
  readonly place: Place
  readonly rank: number
  readonly reduces: ReadonlyMap<number, ReduceStage>
  readonly value: Expr
}

export interface Units {
  /** The kernel's buffers, then temporaries. */
  readonly buffers: readonly BufferParam[]
  readonly units: readonly Unit[]
}

/** All reductions first, and what was stored put in by its value, so that stages need only registers from each other. */
export function normalized(kernel: LoopKernel): LoopKernel {
  const pool = new ExprPool()
  const order = [...kernel.stages.keys()].sort(
    (a, b) => Number(kernel.stages[a]!.kind === 'store') - Number(kernel.stages[b]!.kind === 'store'),
  )
  const values = new Map<number, Expr>()
  const inline = rebuild(pool, {
    register: (e) => pool.register(e.dtype, order.indexOf(e.stage)),
    stored: (e) => values.get(e.stage)!,
  })
  const stages = kernel.stages.map((s, i): Stage => {
    const value = inline(s.value)
    values.set(i, value)
    return s.kind === 'store' ? { ...s, value, index: inline(s.index) } : { ...s, value }
  })
  return { ...kernel, stages: order.map((i) => stages[i]!) }
}

/** Null where the place of a store cannot be turned around. The kernels are normalized ones, of the same buffers, and run in this order. */
export function toUnits(sequence: readonly LoopKernel[], maxLoop: number): Units | null {
  const own = sequence[0]!.buffers
  const buffers = [...own]
  const units: Unit[] = []
  for (const kernel of sequence) {
    const first = buffers.length
    const parts = splitReduction(kernel, { threads: 1, maxStores: 1, maxLoop })
    buffers.push(...(parts?.temporaries ?? []))
    for (const part of parts?.kernels ?? [{ kernel, buffers: [...own.keys()] }]) {
      const positions = part.buffers.map((b) => (b < own.length ? b : b - own.length + first))
      if (!addUnits(part.kernel, positions, buffers, units)) return null
    }
  }
  return { buffers, units }
}

function addUnits({ grid, stages }: LoopKernel, positions: readonly number[], buffers: BufferParam[], units: Unit[]): boolean {
  const pool = new ExprPool()
  const rank = grid.length
  const stores = stages.filter((s) => s.kind === 'store')
  const reduces = new Map([...stages.entries()].filter((entry): entry is [number, ReduceStage] => entry[1].kind === 'reduce'))
  // A register that more than one element depends on is computed once, into a temporary; so is any, where that leaves room for inputs.
  const crowded = reads({ kind: 'loop', grid, stages, buffers: [], scalars: [] }).size > maxInputs
  const keep = reduces.size > 0 && (crowded || stores.length > 1 || stores.some((s) => product(s.extents) > 1))
  const point = grid.reduce((flat, extent, i) => pool.scaleAdd(flat, extent, pool.index(i, extent)), pool.int(0))
  const kept = new Map<number, number>()
  const copy = rebuild(pool, {
    load: (e, index, valid) => pool.load(e.dtype, positions[e.buffer]!, index, valid),
    register: (e) => (kept.has(e.stage) ? pool.load(e.dtype, kept.get(e.stage)!, point) : pool.register(e.dtype, e.stage)),
  })
  /** In parts, each a unit of its own, where a value reads too many buffers. */
  const fitting = (value: Expr, extents: readonly number[]): Expr => {
    const all = [...grid, ...extents]
    const length = product(all)
    const index = all.reduce((flat, extent, i) => pool.scaleAdd(flat, extent, pool.index(i, extent)), pool.int(0))
    return fewInputs(pool, value, maxInputs, (part) => {
      const out = buffers.push({ dtype: part.dtype, length }) - 1
      units.push({ out, length, pool, index, place: placeOf(pool, index, all, length)!, rank, reduces: new Map(), value: part })
      return pool.load(part.dtype, out, index)
    })
  }
  const inlined = new Map<number, ReduceStage>()
  for (const [number, stage] of product(grid) > 0 ? reduces : []) {
    const moved = { ...stage, value: fitting(copy(stage.value), stage.extents) }
    if (!keep) {
      inlined.set(number, moved)
      continue
    }
    const out = buffers.push({ dtype: stage.dtype, length: product(grid) }) - 1
    const place = placeOf(pool, point, grid, product(grid))!
    const value = pool.register(stage.dtype, number)
    units.push({ out, length: product(grid), pool, index: point, place, rank, reduces: new Map([[number, moved]]), value })
    kept.set(number, out)
  }
  for (const store of stores as StoreStage[]) {
    if (product(grid) * product(store.extents) === 0) continue
    const out = positions[store.buffer]!
    const { length } = buffers[out]!
    const index = copy(store.index)
    const place = placeOf(pool, index, [...grid, ...store.extents], length)
    if (!place) return false
    units.push({ out, length, pool, index, place, rank, reduces: inlined, value: fitting(copy(store.value), store.extents) })
  }
  return true
}

/** How to find the point that writes a place; null where that is not a matter of digits. */
function placeOf(pool: ExprPool, index: Expr, extents: readonly number[], length: number): Place | null {
  const { terms, constant } = pool.linear(index)
  let start = constant
  const scalars: Place['scalars'][number][] = []
  const digits: Digit[] = []
  for (const [e, factor] of terms) {
    if (e.op === 'scalar') scalars.push({ slot: e.slot, factor })
    else if (e.op === 'index') {
      if (factor < 0) start += factor * (e.extent - 1)
      digits.push({ axis: e.axis, extent: e.extent, stride: Math.abs(factor), reversed: factor < 0 })
    } else return null
  }
  if (extents.some((extent, axis) => extent > 1 && !digits.some((d) => d.axis === axis))) return null
  digits.sort((a, b) => b.stride - a.stride)
  let reach = 0
  for (const { stride, extent } of digits.toReversed()) {
    if (stride <= reach) return null
    reach += stride * (extent - 1)
  }
  const dense = start === 0 && scalars.length === 0 && product(extents) === length && reach === length - 1
  return { constant: start, scalars, digits, dense }
}
