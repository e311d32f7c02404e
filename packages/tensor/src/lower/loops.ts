/** Values as loops: the grid at which the reductions inside a value stand, and the kernel that stores several values of one grid. */
import type { Expr, ExprPool } from '@tenon/kernel'
import type { Fusion } from '../fuse.ts'
import { type AttrsOf, flatten } from '../primitives.ts'
import { type Shape, sameShape, sizeOf, stridesOf } from '../shape.ts'
import { Emitter, type Lowered, MustSplit, MustWrite, NotMergeable, write } from './emitter.ts'

/** A value that is stored so many elements on in the memory of another, or in its own. */
interface Part {
  readonly position: number
  readonly offset: number
}

/** One loop that writes a value: its axes in order, which of them are grid, and the dimensions of its parts in terms of them. */
interface Iteration {
  readonly root: number
  /** Values of the same shape, over whose elements the loop runs. */
  readonly parts: readonly Part[]
  /** By which elements of parts are placed. */
  readonly shape: Shape
  /** Factors of each dimension, outermost first. */
  readonly factors: readonly (readonly number[])[]
  readonly extents: readonly number[]
  readonly inGrid: readonly boolean[]
}

const gridOf = ({ extents, inGrid }: Iteration): number[] => extents.filter((_, a) => inGrid[a])
const innerOf = ({ extents, inGrid }: Iteration): number[] => extents.filter((_, a) => !inGrid[a])

/**
 * The equal blocks that fill a value, where one loop over a block can store them all: what a concat joins, or paddings that are added, as
 * is the gradient by what `chunk` cut. Otherwise the value itself.
 */
function partsOf({ items, written }: Fusion, root: number, maxStores: number): Part[] {
  const strides = stridesOf(items[root]!.shape)
  const parts: Part[] = []
  const find = (at: number): boolean => {
    const { leaf, op, inputs, attrs } = items[at]!
    if (leaf || (at !== root && written[at])) return false
    if (op === 'add') return inputs.every(find)
    const block = items[inputs[0]!]?.shape
    if (op === 'concat') {
      const length = sizeOf(block!.slice((attrs as AttrsOf['concat']).dim))
      inputs.forEach((position, k) => parts.push({ position, offset: k * length }))
    } else if (op === 'pad') {
      const { padding } = attrs as AttrsOf['pad']
      if (padding.some(([low, high], d) => low < 0 || high < 0 || low % block![d]! !== 0)) return false
      parts.push({ position: inputs[0]!, offset: padding.reduce((sum, [low], d) => sum + low * strides[d]!, 0) })
    } else return false
    return parts.length <= maxStores
  }
  const fills = (): boolean => {
    const { shape, size } = items[parts[0]!.position]!
    const places = new Set(parts.map(({ offset }) => offset)).size
    return (
      places === parts.length && places * size === items[root]!.size && parts.every((part) => sameShape(items[part.position]!.shape, shape))
    )
  }
  return find(root) && fills() ? parts : [{ position: root, offset: 0 }]
}

/** The index of each dimension in terms of the axes, numbered grid first. */
function indexOf(p: ExprPool, { factors, extents, inGrid }: Iteration, grid: number): Expr[] {
  let nextGrid = 0
  let nextInner = grid
  const axes = extents.map((extent, a) => p.index(inGrid[a] ? nextGrid++ : nextInner++, extent))
  let at = 0
  return factors.map((list) => list.reduce((sum, f) => p.scaleAdd(sum, f, axes[at++]!), p.int(0)))
}

/** Finds the grid of parts: all their axes, or those at which the reductions inside them stand. A part that is in memory for others is not computed here. */
function probe(fusion: Fusion, root: number, parts: readonly Part[], shape: Shape): Iteration {
  let factors: readonly (readonly number[])[] = fusion.items[parts[0]!.position]!.shape.map((d) => (d === 1 ? [] : [d]))
  for (;;) {
    const emitter = new Emitter(fusion)
    const extents = factors.flat()
    const iteration = { root, parts, shape, factors, extents, inGrid: extents.map(() => true) }
    const index = indexOf(emitter.p, iteration, extents.length)
    try {
      for (const { position } of parts) emitter.value(position, index, position === root)
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

export const loopOf = (fusion: Fusion, root: number, maxStores: number): Loop => ({
  members: [probe(fusion, root, partsOf(fusion, root, maxStores), fusion.items[root]!.shape)],
})

/** Loops with equal keys have the same grid. */
export const gridKey = ({ members }: Loop): string => gridOf(members[0]!).join()

/** Throws NotMergeable if a member reads another one at a different point. */
export function lowerLoop(fusion: Fusion, { members }: Loop): Lowered {
  const emitter = new Emitter(fusion)
  const grid = gridOf(members[0]!)
  emitter.grid = grid.length
  for (const member of members) {
    const at = storeParts(emitter, member)
    emitter.members.set(member.root, { at, stage: emitter.stages.length - 1 })
  }
  const writes = members.map(({ root }) => root)
  return emitter.lowered({ kind: 'loop', grid, stages: emitter.stages }, writes)
}

/** The kernel that puts a value into the memory of another one, `offset` elements on. */
export const lowerInto = (fusion: Fusion, position: number, into: { position: number; offset: number }): Lowered =>
  lowerLoop(fusion, { members: [probe(fusion, into.position, [{ position, offset: into.offset }], fusion.items[position]!.shape)] })

/** Where the last part was stored. */
function storeParts(emitter: Emitter, iteration: Iteration): Expr {
  const { p } = emitter
  const { root, parts, shape } = iteration
  const index = indexOf(p, iteration, emitter.grid!)
  let at: Expr = p.int(0)
  for (const { position, offset } of parts) {
    let value: Expr
    try {
      value = emitter.value(position, index, position === root)
    } catch (signal) {
      throw signal instanceof MustWrite ? new NotMergeable() : signal
    }
    at = p.add(flatten(p, index, shape), p.int(offset))
    emitter.stages.push({ kind: 'store', extents: innerOf(iteration), buffer: emitter.param(root), index: at, value })
  }
  return at
}
