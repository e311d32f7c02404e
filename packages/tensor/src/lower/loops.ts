/** Values as loops: the grid at which the reductions inside a value stand, and the kernel that stores several values of one grid. */
import type { Expr, ExprPool } from '@tenon/kernel'
import type { Fusion } from '../fuse.ts'
import { flatten } from '../primitives.ts'
import { Emitter, type Lowered, MustSplit, MustWrite, NotMergeable, write } from './emitter.ts'

/** One loop over the elements of a written value: its axes in order, which of them are grid, and its dimensions in terms of them. */
interface Iteration {
  readonly root: number
  /** Factors of each dimension, outermost first. */
  readonly factors: readonly (readonly number[])[]
  readonly extents: readonly number[]
  readonly inGrid: readonly boolean[]
}

const gridOf = ({ extents, inGrid }: Iteration): number[] => extents.filter((_, a) => inGrid[a])
const innerOf = ({ extents, inGrid }: Iteration): number[] => extents.filter((_, a) => !inGrid[a])

const iterate = (root: number, factors: readonly (readonly number[])[]): Iteration => {
  const extents = factors.flat()
  return { root, factors, extents, inGrid: extents.map(() => true) }
}

/** The index of each dimension in terms of the axes, numbered grid first. */
function indexOf(p: ExprPool, { factors, extents, inGrid }: Iteration, grid: number): Expr[] {
  let nextGrid = 0
  let nextInner = grid
  const axes = extents.map((extent, a) => p.index(inGrid[a] ? nextGrid++ : nextInner++, extent))
  let at = 0
  return factors.map((list) => list.reduce((sum, f) => p.scaleAdd(sum, f, axes[at++]!), p.int(0)))
}

/** Finds the grid of a value: all its axes, or those at which the reductions inside it stand. It is computed here, unless it is in memory for others. */
function probe(fusion: Fusion, root: number, here: boolean): Iteration {
  let factors: readonly (readonly number[])[] = fusion.items[root]!.shape.map((d) => (d === 1 ? [] : [d]))
  for (;;) {
    const emitter = new Emitter(fusion)
    const iteration = iterate(root, factors)
    const { extents } = iteration
    try {
      emitter.value(root, indexOf(emitter.p, iteration, extents.length), here)
      const { found } = emitter
      return found ? { ...iteration, inGrid: extents.map((_, a) => found.has(a)) } : iteration
    } catch (signal) {
      if (signal instanceof MustWrite) write(fusion, signal.position)
      else if (signal instanceof MustSplit) factors = split(factors, signal.splits)
      else throw signal
    }
  }
}

function split(factors: readonly (readonly number[])[], splits: ReadonlyMap<number, number>): number[][] {
  let axis = 0
  return factors.map((list) =>
    list.flatMap((f) => {
      const inner = splits.get(axis++)
      return inner === undefined ? [f] : [f / inner, inner]
    }),
  )
}

/** Values with the same grid that are computed by one kernel, in order. */
export interface Loop {
  readonly members: readonly Iteration[]
}

export const loopOf = (fusion: Fusion, root: number): Loop => ({ members: [probe(fusion, root, true)] })

/** Loops with equal keys have the same grid. */
export const gridKey = ({ members }: Loop): string => gridOf(members[0]!).join()

/** Throws NotMergeable if a member reads another one at a different point. */
export function lowerLoop(fusion: Fusion, loop: Loop): Lowered {
  const emitter = new Emitter(fusion)
  const grid = gridOf(loop.members[0]!)
  emitter.grid = grid.length
  for (const iteration of loop.members) {
    const { root } = iteration
    const at = storeAt(fusion, emitter, iteration, { position: root, offset: 0 })
    emitter.members.set(root, { at, stage: emitter.stages.length - 1 })
  }
  return emitter.lowered(
    { kind: 'loop', grid, stages: emitter.stages },
    loop.members.map(({ root }) => root),
  )
}

/** The kernel that puts a value into the memory of another one, `offset` elements on. */
export function lowerInto(fusion: Fusion, root: number, into: { position: number; offset: number }): Lowered {
  const iteration = probe(fusion, root, false)
  const emitter = new Emitter(fusion)
  const grid = gridOf(iteration)
  emitter.grid = grid.length
  storeAt(fusion, emitter, iteration, into)
  return emitter.lowered({ kind: 'loop', grid, stages: emitter.stages }, [into.position])
}

function storeAt(fusion: Fusion, emitter: Emitter, iteration: Iteration, into: { position: number; offset: number }): Expr {
  const { p } = emitter
  const { root } = iteration
  const index = indexOf(p, iteration, emitter.grid!)
  let value: Expr
  try {
    value = emitter.value(root, index, into.position === root)
  } catch (signal) {
    throw signal instanceof MustWrite ? new NotMergeable() : signal
  }
  const at = p.add(flatten(p, index, fusion.items[root]!.shape), p.int(into.offset))
  emitter.stages.push({ kind: 'store', extents: innerOf(iteration), buffer: emitter.param(into.position), index: at, value })
  return at
}
