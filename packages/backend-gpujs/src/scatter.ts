/** A scatter turned around: each place of the output looks for the points that write to it, and so the places are independent. */
import { type Expr, ExprPool, type LoopKernel, product, type ReduceStage, rebuild, type Scatter, type StoreStage } from '@tenon/kernel'

/** Beyond so many looks the host, which goes to each point once, is faster. */
const mostLooks = 2 ** 27

/** Where points write: at constant + Σ stride · digit, the largest stride first. A digit is a coordinate, or, of at most one, a computed pick. */
interface Target {
  readonly constant: number
  readonly digits: readonly { readonly e: Expr; readonly extent: number; readonly stride: number }[]
}

/** Null where the place of a point does not tell its coordinates, but for those that are searched. */
export function scatterLoops({ buffers, scalars, out, op, grid, ...kernel }: Scatter): LoopKernel | null {
  const pool = new ExprPool()
  const copy = rebuild(pool)
  const index = copy(kernel.index)
  const outside = index.op === 'select' && index.b.op === 'literal' && index.b.value < 0
  const cond = outside ? index.cond : null
  const target = targetOf(pool, outside ? index.a : index, cond)
  const { length } = buffers[out]!
  if (!target) return null
  const known = target.digits.filter(({ e }) => e.op === 'index').map(({ e }) => (e as { readonly axis: number }).axis)
  const searched = [...grid.keys()].filter((axis) => grid[axis]! > 1 && !known.includes(axis))
  const extents = searched.map((axis) => grid[axis]!)
  if (product(grid) === 0 || length * product(extents) > mostLooks) return null

  // The digits of place i, and whether there is a point that has them.
  let rest = pool.sub(pool.index(0, length), pool.int(target.constant))
  let here: Expr = pool.binary('le', pool.int(0), rest)
  const digits = target.digits.map(({ e, extent, stride }) => {
    const digit = pool.binary('idiv', rest, pool.int(stride))
    rest = pool.binary('mod', rest, pool.int(stride))
    here = pool.and(here, pool.binary('lt', digit, pool.int(extent)))!
    return { e, digit }
  })
  here = pool.and(here, pool.binary('eq', rest, pool.int(0)))!
  /** An expression of a point, with its known coordinates in place, and the searched ones as given. */
  const at = (coordinates: readonly Expr[]) =>
    rebuild(pool, {
      index: (e) => digits.find((d) => d.e === e)?.digit ?? coordinates[searched.indexOf(e.axis)]!,
      load: (e, place, valid) => pool.load(e.dtype, e.buffer, place, pool.and(valid, here)),
    })

  const axes = searched.map((axis, d) => pool.index(1 + d, grid[axis]!))
  const point = at(axes)
  let hit: Expr = pool.and(here, cond && point(cond))!
  for (const { e, digit } of digits) if (e.op !== 'index') hit = pool.and(hit, pool.binary('eq', point(e), digit))!
  const initial = copy(kernel.initial)
  const reduce = (fn: ReduceStage['op'], value: Expr): ReduceStage => ({ kind: 'reduce', op: fn, extents, value, dtype: value.dtype })
  const store = (value: Expr): StoreStage => ({ kind: 'store', extents: [], buffer: out, index: pool.index(0, length), value })
  const loops = { kind: 'loop', buffers, scalars, grid: [length] } as const
  if (op === 'add') {
    const value = copy(kernel.value)
    const sum = reduce('sum', pool.select(hit, point(value), pool.literal(value.dtype, 0)))
    return { ...loops, stages: [sum, store(pool.add(initial, pool.register(value.dtype, 0)))] }
  }
  // Of the points that write there, the last.
  const number = axes.reduce((flat, axis, d) => pool.scaleAdd(flat, extents[d]!, axis), pool.int(0))
  const last = pool.register('int32', 0)
  const found = extents.map((extent, d) => {
    const quotient = pool.binary('idiv', last, pool.int(product(extents.slice(d + 1))))
    return d === 0 ? quotient : pool.binary('mod', quotient, pool.int(extent))
  })
  const exists = pool.binary('le', pool.int(0), last)
  const value = rebuild(pool, {
    load: (e, place, valid) => pool.load(e.dtype, e.buffer, place, pool.and(valid, exists)),
  })(at(found)(copy(kernel.value)))
  return { ...loops, stages: [reduce('max', pool.select(hit, number, pool.int(-1))), store(pool.select(exists, value, initial))] }
}

function targetOf(pool: ExprPool, index: Expr, cond: Expr | null): Target | null {
  const { terms, constant } = pool.linear(index)
  const digits: Target['digits'][number][] = []
  for (const [e, stride] of terms) {
    const extent = e.op === 'index' ? e.extent : extentOf(pool, e, cond)
    if (stride < 0 || extent === null) return null
    digits.push({ e, extent, stride })
  }
  digits.sort((a, b) => b.stride - a.stride)
  let reach = 0
  for (const { stride, extent } of digits.toReversed()) {
    if (stride <= reach) return null
    reach += stride * (extent - 1)
  }
  return { constant, digits }
}

/** What a pick is below, given that it is ≥ 0; null where nothing says so. */
function extentOf(pool: ExprPool, pick: Expr, cond: Expr | null): number | null {
  let { min, max } = pool.range(pick)
  const visit = (e: Expr | null): void => {
    if (e?.op !== 'binary') return
    if (e.fn === 'and') [e.a, e.b].forEach(visit)
    if (e.fn === 'le' && e.b === pick && e.a.op === 'literal') min = Math.max(min, e.a.value)
    if (e.fn === 'lt' && e.a === pick && e.b.op === 'literal') max = Math.min(max, e.b.value - 1)
  }
  visit(cond)
  return min >= 0 && max < Infinity ? max + 1 : null
}
