/**
 * A function is dear, memory just touched is not. Where a reduction over a row calls one at each point, as a softmax does for its sum of
 * exponentials, and a later store to the row would call it again, the reduction stores the values there, and the store reads them back.
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

export function reuseStored(pool: ExprPool, buffers: readonly BufferParam[], groups: readonly Group[]): readonly Group[] {
  for (const { reducing, storing, write, call } of sharedCalls(pool, groups)) {
    const { buffer } = write
    const { dtype, length } = buffers[buffer]!
    if (dtype !== call.dtype || loads(groups).some((e) => e.buffer === buffer)) continue
    const reading = replacing(pool, over(pool, reducing.loops, storing.loops)(call), pool.load(dtype, buffer, write.index))
    const first: Write = { buffer, index: over(pool, storing.loops, reducing.loops)(write.index), value: call }
    const changed = groups.map((g) => {
      if (g === reducing) return { ...g, writes: [first] }
      return g === storing ? { ...g, writes: g.writes.map((w) => ({ ...w, value: reading(w.value) })) } : g
    })
    // Another buffer of this length may lie in the same memory, and then its elements are gone afterwards.
    const after = loads(changed.slice(groups.indexOf(reducing) + 1))
    if (!after.some((e) => e.buffer !== buffer && buffers[e.buffer]!.length === length)) return changed
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

/** A function that takes many instructions. */
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
