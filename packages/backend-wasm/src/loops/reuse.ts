/**
 * A function is dear, memory just touched is not. Where a reduction over a row calls one at each point, as a softmax does for its sum of
 * exponentials, and a later store to the row would call it again, the values are stored there first, and both read them back.
 */
import { type BufferParam, distinct, type Expr, type ExprPool, rebuild } from '@tenon/kernel'
import { routines } from '../math/routines.ts'
import type { Group, Loop, Write } from './nest.ts'

interface Shared {
  readonly reducing: Group
  readonly storing: Group
  readonly write: Write
  /** Over the loops of the reduction. */
  readonly call: Expr
}

/** `sameLoops` makes loops of the same extents, with axes of their own. */
export function reuseStored(
  pool: ExprPool,
  buffers: readonly BufferParam[],
  groups: readonly Group[],
  sameLoops: (loops: readonly Loop[]) => readonly Loop[],
): readonly Group[] {
  for (const { reducing, storing, write, call } of sharedCalls(pool, groups)) {
    const { buffer } = write
    const { dtype, length } = buffers[buffer]!
    if (dtype !== call.dtype || loads(groups).some((e) => e.buffer === buffer)) continue
    const index = over(pool, storing.loops, reducing.loops)(write.index)
    const stored = pool.load(dtype, buffer, index)
    const from = groups.indexOf(reducing)
    const rest = groups.slice(from).map((g) => {
      if (g !== reducing && g !== storing) return g
      const own = over(pool, reducing.loops, g.loops)
      return withValues(g, replacing(pool, own(call), own(stored)))
    })
    // Another buffer of this length may lie in the same memory, and then its elements are gone.
    if (loads(rest).some((e) => e.buffer !== buffer && buffers[e.buffer]!.length === length)) continue
    const loops = sameLoops(reducing.loops)
    const own = over(pool, reducing.loops, loops)
    return [...groups.slice(0, from), { loops, reductions: [], writes: [{ buffer, index: own(index), value: own(call) }] }, ...rest]
  }
  return groups
}

/** Calls at each point of a reduction that a later store to the same points makes too. */
function sharedCalls(pool: ExprPool, groups: readonly Group[]): Shared[] {
  return groups.flatMap((reducing, at) => {
    const calls = [...distinct(reducing.reductions.map((r) => r.value))].filter((e) => isCallAtPoints(e, reducing.loops))
    const storings = calls.length > 0 ? groups.slice(at + 1).filter((g) => extentsOf(g) === extentsOf(reducing)) : []
    return storings.flatMap((storing) =>
      storing.writes.flatMap((write) => {
        const called = distinct([over(pool, storing.loops, reducing.loops)(write.value)])
        return calls.filter((call) => called.has(call)).map((call) => ({ reducing, storing, write, call }))
      }),
    )
  })
}

const extentsOf = ({ loops }: Group): string => String(loops.map((l) => l.extent))

export const isCall = (e: Expr): boolean => e.op === 'unary' && e.fn in routines

const isCallAtPoints = (e: Expr, loops: readonly Loop[]): boolean =>
  isCall(e) && [...distinct([e])].some((x) => x.op === 'index' && loops.some((l) => l.axis === x.axis))

const loads = (groups: readonly Group[]) =>
  [...distinct(groups.flatMap((g) => [...g.reductions, ...g.writes].map(({ value }) => value)))].filter((e) => e.op === 'load')

/** An expression over some loops as one over others of the same extents. */
const over = (pool: ExprPool, from: readonly Loop[], to: readonly Loop[]): ((e: Expr) => Expr) =>
  rebuild(pool, { index: (e) => pool.index(to[from.findIndex((l) => l.axis === e.axis)]?.axis ?? e.axis, e.extent) })

const replacing = (pool: ExprPool, call: Expr, by: Expr): ((e: Expr) => Expr) =>
  rebuild(pool, {
    unary: (e, x) => {
      const copy = pool.unary(e.fn, x)
      return copy === call ? by : copy
    },
  })

const withValues = (g: Group, f: (e: Expr) => Expr): Group => ({
  ...g,
  reductions: g.reductions.map((r) => ({ ...r, value: f(r.value) })),
  writes: g.writes.map((w) => ({ ...w, value: f(w.value) })),
})
