/**
 * Sums down the columns of a long matrix. One column of vectors after the other would touch another page of memory at every step, so the rows are
 * taken as they lie, a few at a time; the sums so far wait in scratch memory, which stays in the first cache.
 */
import { distinct, type Expr, rebuild } from '@tenon/kernel'
import { freshAxis } from './axes.ts'
import type { Loop, Nest } from './nest.ts'
import { planLanes } from './plan.ts'

export interface ColumnSums {
  readonly columns: Loop
  /** How many sums each column has; those of one are `columns.extent` elements of the scratch memory. */
  readonly sums: number
  /** Adds rows to the sums, which begin with zeros. */
  readonly adding: Nest
  /** Adds the rows that are left, and does what comes after the sums. */
  readonly finishing: Nest
}

/** Rows at once, and most expressions for all of them. */
const rowsAtOnce = 8
const mostExpressions = 200
/** Fewest values that are worth it: the caches hold fewer anyhow. */
const fewestValues = 65536

/** The last buffer of both nests is the scratch memory. Null where the first thing that a kernel does is something else. */
export function columnSums(nest: Nest): ColumnSums | null {
  const { pool, grid, groups } = nest
  const [columns] = grid
  const { loops, reductions, writes } = groups[0]!
  const [rows] = loops
  const areSums = reductions.length > 0 && reductions.every((r) => r.op === 'sum' && r.value.dtype === 'float32')
  if (!columns || !rows || grid.length > 1 || loops.length > 1 || !areSums || writes.length > 0) return null
  if (columns.extent * rows.extent < fewestValues || planLanes(nest).grid.lanes !== columns.axis) return null

  const block = { axis: freshAxis(nest), extent: Math.floor(rows.extent / rowsAtOnce) }
  const first = pool.mul(pool.index(block.axis, block.extent), pool.int(rowsAtOnce))
  const rowsFrom = (start: Expr, count: number, value: Expr): Expr[] =>
    Array.from({ length: count }, (_, i) =>
      rebuild(pool, { index: (e) => (e.axis === rows.axis ? pool.add(start, pool.int(i)) : pool.index(e.axis, e.extent)) })(value),
    )
  const sum = (terms: readonly Expr[]): Expr => terms.reduce((a, b) => pool.add(a, b))

  const buffer = nest.buffers.length
  const buffers = [...nest.buffers, { dtype: 'float32', length: columns.extent * reductions.length } as const]
  const places = reductions.map((_, i) => pool.add(pool.index(columns.axis, columns.extent), pool.int(i * columns.extent)))
  const sumSoFar = (i: number): Expr => pool.load('float32', buffer, places[i]!)
  const added = reductions.map(({ value }, i) => ({
    buffer,
    index: places[i]!,
    value: pool.add(sumSoFar(i), sum(rowsFrom(first, rowsAtOnce, value))),
  }))
  if (distinct(added.map((w) => w.value)).size > mostExpressions) return null

  const left = rows.extent % rowsAtOnce
  const sums = new Map(
    reductions.map(({ stage, value }, i) => [stage, sum([sumSoFar(i), ...rowsFrom(pool.int(rows.extent - left), left, value)])]),
  )
  const copy = rebuild(pool, { register: (e) => sums.get(e.stage) ?? pool.register(e.dtype, e.stage) })
  const after = groups.slice(1).map((g) => ({
    ...g,
    reductions: g.reductions.map((r) => ({ ...r, value: copy(r.value) })),
    writes: g.writes.map((w) => ({ ...w, value: copy(w.value) })),
  }))
  const ranged = [columns.axis]
  return {
    columns,
    sums: reductions.length,
    adding: { ...nest, buffers, ranged, grid: [block, columns], groups: [{ loops: [], reductions: [], writes: added }] },
    finishing: { ...nest, buffers, ranged, groups: after },
  }
}
