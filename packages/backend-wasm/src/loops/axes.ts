/**
 * Splits and merges the loops of a nest. An axis whose index is divided is split at the divisor, so that quotient and remainder are loop
 * variables themselves; neighbouring axes that every index takes as one become one, so that a contiguous tensor of any rank is
 * a single loop. Both are substitutions, kept when they leave fewer divisions, or no more.
 */
import { distinct, type Expr, rebuild } from '@tenon/kernel'
import type { Group, Loop, Nest } from './nest.ts'

const isDivision = (e: Expr): boolean => e.op === 'binary' && (e.fn === 'idiv' || e.fn === 'mod') && e.dtype === 'int32'

const roots = (nest: Nest): Expr[] =>
  nest.groups.flatMap((g) => [...g.reductions.flatMap((r) => [r.value, r.position]), ...g.writes.flatMap((w) => [w.index, w.value])])

const divisions = (nest: Nest): Expr[] => [...distinct(roots(nest))].filter(isDivision)

/** Extent 1 needs no loop: the pool took its index for 0 already. */
const significant = (loops: readonly Loop[]): readonly Loop[] => loops.filter((loop) => loop.extent > 1)

export function tidyAxes(nest: Nest): Nest {
  const groups = nest.groups.map((g) => ({ ...g, loops: significant(g.loops) }))
  return merge(split({ ...nest, grid: significant(nest.grid), groups }))
}

function split(nest: Nest): Nest {
  for (;;) {
    const better = firstDefined(splitPoints(nest), ({ axis, inner }) => splitAt(nest, axis, inner))
    if (!better) return nest
    nest = better
  }
}

const firstDefined = <A, B>(items: readonly A[], f: (item: A) => B | null): B | null => {
  for (const item of items) {
    const result = f(item)
    if (result) return result
  }
  return null
}

/** Where a division would end if the axis were two: its divisor is a multiple of the axis' coefficient. */
function splitPoints(nest: Nest): { axis: number; inner: number }[] {
  const points: { axis: number; inner: number }[] = []
  for (const e of divisions(nest)) {
    if (e.op !== 'binary' || e.b.op !== 'literal') continue
    for (const [atom, coefficient] of nest.pool.linear(e.a).terms) {
      const inner = e.b.value / Math.abs(coefficient)
      if (atom.op !== 'index' || nest.ranged.includes(atom.axis) || !Number.isInteger(inner)) continue
      if (inner > 1 && inner < atom.extent && atom.extent % inner === 0) points.push({ axis: atom.axis, inner })
    }
  }
  return points
}

/** A number that no axis has, nor the next one. */
export const freshAxis = (nest: Nest): number =>
  1 + Math.max(-1, ...nest.grid.map((l) => l.axis), ...nest.groups.flatMap((g) => g.loops.map((l) => l.axis)))

function splitAt(nest: Nest, axis: number, inner: number): Nest | null {
  const { pool } = nest
  const next = freshAxis(nest)
  const result = substitute(
    nest,
    (e) => (e.axis === axis ? pool.scaleAdd(pool.index(next, e.extent / inner), inner, pool.index(next + 1, inner)) : null),
    (loops) =>
      loops.flatMap((l) =>
        l.axis === axis
          ? [
              { axis: next, extent: l.extent / inner },
              { axis: next + 1, extent: inner },
            ]
          : [l],
      ),
  )
  return divisions(result).length < divisions(nest).length ? result : null
}

function merge(nest: Nest): Nest {
  for (;;) {
    const lists = [nest.grid, ...nest.groups.map((g) => g.loops)]
    const mergeable = (l: Loop): boolean => !nest.ranged.includes(l.axis)
    const neighbours = lists
      .flatMap((loops) => loops.slice(1).map((inner, i) => ({ outer: loops[i]!, inner })))
      .filter(({ outer, inner }) => mergeable(outer) && mergeable(inner))
    const better = firstDefined(neighbours, ({ outer, inner }) => mergeTwo(nest, outer, inner))
    if (!better) return nest
    nest = better
  }
}

function mergeTwo(nest: Nest, outer: Loop, inner: Loop): Nest | null {
  const { pool } = nest
  const axis = freshAxis(nest)
  const extent = outer.extent * inner.extent
  const both = pool.index(axis, extent)
  const result = substitute(
    nest,
    (e) => {
      if (e.axis === outer.axis) return pool.binary('idiv', both, pool.int(inner.extent))
      return e.axis === inner.axis ? pool.binary('mod', both, pool.int(inner.extent)) : null
    },
    (loops) => loops.flatMap((l) => (l.axis === outer.axis ? [{ axis, extent }] : l.axis === inner.axis ? [] : [l])),
  )
  return divisions(result).length <= divisions(nest).length ? result : null
}

function substitute(
  nest: Nest,
  index: (e: { axis: number; extent: number }) => Expr | null,
  loops: (loops: readonly Loop[]) => readonly Loop[],
): Nest {
  const { pool } = nest
  const copy = rebuild(pool, { index: (e) => index(e) ?? pool.index(e.axis, e.extent) })
  const groups = nest.groups.map(
    (g): Group => ({
      loops: loops(g.loops),
      reductions: g.reductions.map((r) => ({ ...r, value: copy(r.value), position: copy(r.position) })),
      writes: g.writes.map((w) => ({ ...w, index: copy(w.index), value: copy(w.value) })),
    }),
  )
  return { ...nest, grid: loops(nest.grid), groups }
}
