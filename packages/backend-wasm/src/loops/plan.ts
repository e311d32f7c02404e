/**
 * Which axis becomes the lanes of vectors. Either one of the grid, and then all stages compute four points at once; or each group of stages has
 * its own, the axis it reduces or stores along. Chosen by counting instructions, roughly: what matters is which accesses are neighbours.
 */
import { type Expr, isArg, type Load, operands, product } from '@tenon/kernel'
import { isInlined, routines } from '../math/routines.ts'
import { isPowerOfTwo } from './division.ts'
import type { Group, Loop, Nest } from './nest.ts'
import { keepsNaNApart } from './reductions.ts'

export interface Parts {
  readonly axis: number
  readonly count: number
}

export interface GroupPlan {
  /** Outermost first; the lanes' axis, where there is one, is the last. */
  readonly order: readonly Loop[]
  readonly lanes: number | null
  readonly parts: Parts | null
}

export interface Plan {
  readonly grid: GroupPlan
  readonly groups: readonly GroupPlan[]
}

interface Candidate {
  readonly plan: Plan
  readonly cost: number
}

export function planLanes(nest: Nest): Plan {
  const candidates = [ownAxes(nest), ...nest.grid.flatMap((lanes) => [alongGrid(nest, lanes, null), ...transposing(nest, lanes)])]
  return candidates.reduce((best, c) => (c.cost < best.cost ? c : best)).plan
}

const points = (loops: readonly Loop[]): number => product(loops.map((loop) => loop.extent))
const last = (loops: readonly Loop[], axis: number): readonly Loop[] => [
  ...loops.filter((l) => l.axis !== axis),
  ...loops.filter((l) => l.axis === axis),
]
const plain = (order: readonly Loop[]): GroupPlan => ({ order, lanes: null, parts: null })

/** Lanes along an axis of the grid. */
function alongGrid(nest: Nest, lanes: Loop, across: Loop | null): Candidate {
  const others = points(nest.grid) / lanes.extent
  const busiest = Math.max(...nest.groups.map((g) => points(g.loops)))
  let cost = 0
  let weight = 0
  for (const g of nest.groups) {
    const vector = costOf(nest, g, lanes.axis, across?.axis ?? null)
    const scalar = costOf(nest, g, null, null)
    cost += others * points(g.loops) * roundsOf(nest, lanes, vector, scalar)
    weight += vector * (points(g.loops) / busiest)
  }
  const parts = across ? { axis: across.axis, count: 4 } : partsAlong(lanes, weight)
  // The axis of the parts comes right before the lanes'.
  const order = last(across ? last(nest.grid, across.axis) : nest.grid, lanes.axis)
  return { plan: { grid: { order, lanes: lanes.axis, parts }, groups: nest.groups.map((g) => plain(g.loops)) }, cost }
}

/** With a second axis of the grid, along which rows are read that the lanes take as columns. */
function transposing(nest: Nest, lanes: Loop): Candidate[] {
  const strided = nest.groups.flatMap((g) => accesses(g).filter((e) => !e.valid && Math.abs(strideOf(nest, e.index, lanes.axis) ?? 0) > 2))
  const across = nest.grid.filter((l) => l !== lanes && l.extent >= 4 && strided.some((e) => strideOf(nest, e.index, l.axis) === 1))
  return across.map((l) => alongGrid(nest, lanes, l))
}

/** Lanes along an axis of each group itself. */
function ownAxes(nest: Nest): Candidate {
  const outer = points(nest.grid)
  const chosen = nest.groups.map((g) => {
    const scalar = costOf(nest, g, null, null)
    let best = { plan: plain(g.loops), cost: outer * points(g.loops) * scalar }
    if (g.reductions.some((r) => isArg(r.op))) return best
    for (const lanes of g.loops) {
      const vector = costOf(nest, g, lanes.axis, null)
      const rounds = roundsOf(nest, lanes, vector, scalar)
      const cost = outer * ((points(g.loops) / lanes.extent) * rounds + 10 * g.reductions.length)
      const parts = partsAlong(lanes, vector, accumulatorsOf(g))
      if (cost < best.cost) best = { plan: { order: last(g.loops, lanes.axis), lanes: lanes.axis, parts }, cost }
    }
    return best
  })
  const cost = chosen.reduce((sum, c) => sum + c.cost, 0)
  return { plan: { grid: plain(nest.grid), groups: chosen.map((c) => c.plan) }, cost }
}

/** The end of an axis is one vector, not full; or single points, where the bounds are not known. */
function roundsOf(nest: Nest, { axis, extent }: Loop, vector: number, scalar: number): number {
  const rest = nest.ranged.includes(axis) ? (extent % 4) * scalar : extent % 4 > 0 ? vector + 2 : 0
  return Math.floor(extent / 4) * vector + rest
}

/** Of sixteen registers. */
const mostAccumulators = 12

const accumulatorsOf = ({ reductions }: Group): number => reductions.reduce((sum, r) => sum + (keepsNaNApart(r) ? 2 : 1), 0)

/**
 * Short bodies are worth repeating: it hides latencies and saves the loop's own instructions. A short axis is better all at once than in two rounds.
 * The accumulators of all parts must fit into registers.
 */
function partsAlong(lanes: Loop, weight: number, accumulators = 0): Parts | null {
  let count = weight <= 16 ? 4 : weight <= 40 ? 2 : 1
  while (count * accumulators > mostAccumulators) count /= 2
  for (let n = count; n > 1; n /= 2) if (lanes.extent >= 8 * n || lanes.extent === 4 * n) return { axis: lanes.axis, count: n }
  return null
}

// ── costs ──

/** Coefficient of an axis in an index; null where the index is no linear function of it. */
export function strideOf(nest: Nest, index: Expr, axis: number): number | null {
  let stride = 0
  for (const [atom, coefficient] of nest.pool.linear(index).terms) {
    if (atom.op === 'index') stride += atom.axis === axis ? coefficient : 0
    else if (dependsOn(atom, axis)) return null
  }
  return stride
}

function dependsOn(e: Expr, axis: number): boolean {
  return e.op === 'index' ? e.axis === axis : operands(e).some((x) => dependsOn(x, axis))
}

function accesses(group: Group): Load[] {
  const found = new Set<Expr>()
  const visit = (e: Expr): void => {
    if (found.has(e)) return
    found.add(e)
    operands(e).forEach(visit)
  }
  for (const { value } of [...group.reductions, ...group.writes]) visit(value)
  return [...found].filter((e): e is Load => e.op === 'load')
}

/** Instructions for one round of a group's body, with the lanes along an axis of it or without lanes. */
function costOf(nest: Nest, group: Group, lanes: number | null, across: number | null): number {
  let cost = 2
  const seen = new Set<Expr>()
  const visit = (e: Expr): void => {
    if (seen.has(e)) return
    seen.add(e)
    if (e.op === 'load') {
      cost += accessCost(nest, e.index, lanes, across)
      if (e.valid) {
        cost += lanes !== null && dependsOn(e.valid, lanes) ? 3 : 1
        visit(e.valid)
      }
      for (const [atom] of nest.pool.linear(e.index).terms) visit(atom)
      return
    }
    cost += operationCost(e, lanes)
    operands(e).forEach(visit)
  }
  for (const r of group.reductions) {
    cost += isArg(r.op) ? 5 : keepsNaNApart(r) ? 3 : 1
    visit(r.value)
  }
  for (const w of group.writes) {
    const stride = lanes === null ? 1 : strideOf(nest, w.index, lanes)
    cost += stride === 1 ? 1 : 6
    visit(w.value)
  }
  return cost
}

function accessCost(nest: Nest, index: Expr, lanes: number | null, across: number | null): number {
  if (lanes === null) return 1
  const stride = strideOf(nest, index, lanes)
  if (stride === null) return 9
  if (stride === 0) return 0.3
  if (stride === 1) return 1
  if (stride === 2 || stride === -1) return 2.5
  return across !== null && strideOf(nest, index, across) === 1 ? 3 : 6
}

function operationCost(e: Expr, lanes: number | null): number {
  if (e.op === 'unary' && e.fn in routines) return isInlined(e.fn as keyof typeof routines) ? 20 : 40
  if (e.op !== 'binary') return operands(e).length > 0 ? 1 : 0
  if (e.fn === 'pow' || e.fn === 'atan2') return 60
  if (e.fn !== 'idiv' && e.fn !== 'mod') return 1
  return e.b.op === 'literal' && isPowerOfTwo(e.b.value) ? 1 : lanes === null ? 5 : 25
}
