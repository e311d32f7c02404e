/**
 * Fusion, second half: a written value becomes a kernel, by computing one element of it as an expression. Movement is index
 * arithmetic on the way down; a reduction whose place is a point of the kernel's grid becomes a stage of it.
 */
import { type Expr, ExprPool, type Kernel, type Stage } from '@tenon/kernel'
import { type AnyLowering, type Fusion, loweringOf } from '../fuse.ts'
import type { Item } from '../graph.ts'
import { type AttrsOf, flatten } from '../primitives.ts'
import type { Shape } from '../shape.ts'

/** A kernel with the values (positions) that its buffers hold and the literals that its scalars are. */
export interface Lowered {
  readonly kernel: Kernel
  readonly buffers: readonly number[]
  readonly scalars: readonly number[]
  readonly writes: readonly number[]
}

/** This value cannot be computed inside that kernel: it must be written, and the kernel lowered again. */
export class MustWrite {
  readonly position: number
  constructor(position: number) {
    this.position = position
  }
}
/** These axes must be split (axis → inner extent) for a reduction to find its place in the grid. */
export class MustSplit {
  readonly splits: ReadonlyMap<number, number>
  constructor(splits: ReadonlyMap<number, number>) {
    this.splits = splits
  }
}
/** Two values cannot share a kernel: one reads the other at another point. */
export class NotMergeable extends Error {}

/** Each value is asked for once, so that lowering ends. */
export function write({ items, written }: Fusion, position: number): void {
  if (written[position]) throw new Error(`lowering ${items[position]!.op} ${items[position]!.shape.join('×')} asks for itself`)
  written[position] = true
}

/** Elements at strides within a buffer of the kernel. */
export interface View {
  readonly buffer: number
  readonly offset: number
  readonly strides: readonly number[]
}

/** A kernel without what its emitter knows. */
export type Bare<K> = K extends Kernel ? Omit<K, 'buffers' | 'scalars'> : never

/** A kernel in the making: expressions for elements of values, and the stages, buffers and scalars that they need. */
export class Emitter {
  readonly p: ExprPool = new ExprPool()
  readonly stages: Stage[] = []
  readonly positions: number[] = []
  readonly scalars: number[] = []
  /** Written values of this kernel: where each was stored, and by which stage. */
  readonly members: Map<number, { readonly at: Expr; readonly stage: number }> = new Map()
  readonly #fusion: Fusion
  readonly #memo = new Map<string, Expr>()
  readonly #reduced = new Map<number, Expr>()
  /** Axes of the grid, or null while they are still looked for. */
  grid: number | null = null
  /** While looking: the axes that the reductions found so far are at. */
  found: ReadonlySet<number> | null = null

  constructor(fusion: Fusion) {
    this.#fusion = fusion
  }

  item(position: number): Item {
    return this.#fusion.items[position]!
  }

  param(position: number): number {
    const known = this.positions.indexOf(position)
    return known >= 0 ? known : this.positions.push(position) - 1
  }

  /** The kernel, which stores these values. */
  lowered(kernel: Bare<Kernel>, writes: readonly number[]): Lowered {
    const buffers = this.positions.map((position) => ({ dtype: this.item(position).dtype, length: this.item(position).size }))
    const scalars = this.scalars.map((position) => this.item(position).dtype)
    return { kernel: { ...kernel, buffers, scalars }, buffers: this.positions, scalars: this.scalars, writes }
  }

  /** Says what the expression of this value at this index is, before anything asks for it. */
  define(position: number, index: readonly Expr[], e: Expr): void {
    this.#memo.set(key(position, index, null), e)
  }

  /** Element `index` of a value; 0 or anything harmless where `valid` is false. */
  at(position: number, index: readonly Expr[], valid: Expr | null): Expr {
    const k = key(position, index, valid)
    let e = this.#memo.get(k)
    if (!e) this.#memo.set(k, (e = this.#read(position, index, valid)))
    return e
  }

  #read(position: number, index: readonly Expr[], valid: Expr | null): Expr {
    const item = this.item(position)
    if (item.op === 'const') return this.#constant(position, item)
    if (!item.leaf && !this.#fusion.written[position]) return this.compute(position, index, valid)
    const where = flatten(this.p, index, item.shape)
    const member = this.members.get(position)
    if (member) {
      if (member.at !== where) throw new NotMergeable()
      return this.p.stored(item.dtype, member.stage)
    }
    return this.p.load(item.dtype, this.param(position), where, valid)
  }

  #constant(position: number, item: Item): Expr {
    if (item.literal !== null) return this.p.literal(item.dtype, item.literal)
    const known = this.scalars.indexOf(position)
    return this.p.scalar(item.dtype, known >= 0 ? known : this.scalars.push(position) - 1)
  }

  value(position: number, index: readonly Expr[], here: boolean): Expr {
    return here ? this.compute(position, index, null) : this.at(position, index, null)
  }

  /** As `at`, for a value that this kernel computes itself. */
  compute(position: number, index: readonly Expr[], valid: Expr | null): Expr {
    const { p } = this
    const item = this.item(position)
    const lowering = loweringOf(item)
    switch (lowering.kind) {
      case 'pointwise':
        return lowering.emit(
          p,
          item.inputs.map((input) => this.at(input, index, valid)),
          item.attrs as never,
        )
      case 'index':
        return lowering.emit(p, index)
      case 'movement':
        return this.#move(item, lowering, index, valid)
      case 'concat':
        return this.#concat(item, index, valid)
      case 'gather': {
        const [x, picks] = item.inputs as [number, number]
        const { dim } = item.attrs as AttrsOf['gather']
        const pick = this.at(picks, index, valid)
        const inside = p.and(p.binary('le', p.int(0), pick), p.binary('lt', pick, p.int(this.item(x).shape[dim]!)))!
        const place = index.map((i, d) => (d === dim ? pick : i))
        return this.#masked(x, place, inside, valid)
      }
      case 'reduce':
        return this.#reduce(position, item, lowering.op, index, valid)
      case 'launch':
      case 'scan':
        throw new MustWrite(position)
    }
  }

  /** Where the elements of a value in memory lie, as strides over its dimensions. */
  view(position: number): View {
    const { p } = this
    const axes = this.item(position).shape.map((size, d) => p.index(d, size))
    const e = this.at(position, axes, null)
    if (e.op === 'load' && !e.valid) {
      const { terms, constant } = p.linear(e.index)
      if ([...terms.keys()].every((atom) => atom.op === 'index')) {
        return { buffer: e.buffer, offset: constant, strides: axes.map((axis) => terms.get(axis) ?? 0) }
      }
    }
    // Written before it is reordered, it serves other orders too.
    throw new MustWrite(this.item(position).op === 'permute' ? this.item(position).inputs[0]! : position)
  }

  #move(item: Item, lowering: Extract<AnyLowering, { kind: 'movement' }>, index: readonly Expr[], valid: Expr | null): Expr {
    const input = item.inputs[0]!
    const source = lowering.source(this.p, index, item.attrs as never, this.item(input).shape)
    return source.valid ? this.#masked(input, source.index, source.valid, valid) : this.at(input, source.index, valid)
  }

  /** An element that is 0 where `inside` is false. */
  #masked(position: number, index: readonly Expr[], inside: Expr, valid: Expr | null): Expr {
    const both = this.p.and(valid, inside)
    const x = this.at(position, index, both)
    return x.op === 'load' && x.valid === both ? x : this.p.select(inside, x, this.p.literal(x.dtype, 0))
  }

  #concat(item: Item, index: readonly Expr[], valid: Expr | null): Expr {
    const { p } = this
    const { dim } = item.attrs as AttrsOf['concat']
    const i = index[dim]!
    let start = item.shape[dim]!
    let result: Expr | null = null
    for (const part of [...item.inputs].reverse()) {
      const size = this.item(part).shape[dim]!
      start -= size
      if (size === 0) continue
      const before = p.binary('lt', i, p.int(start + size))
      const inside = p.and(p.binary('le', p.int(start), i), before)
      const place = index.map((e, d) => (d === dim ? p.sub(e, p.int(start)) : e))
      const x = this.at(part, place, p.and(valid, inside))
      result = result ? p.select(before, x, result) : x
    }
    return result ?? p.literal(item.dtype, 0)
  }

  #reduce(
    position: number,
    item: Item,
    op: Extract<AnyLowering, { kind: 'reduce' }>['op'],
    index: readonly Expr[],
    valid: Expr | null,
  ): Expr {
    const { p } = this
    const input = item.inputs[0]!
    const shape = this.item(input).shape
    const dims = (item.attrs as AttrsOf['reduceSum']).dims.filter((d) => shape[d] !== 1)
    if (dims.length === 0) return op === 'argmax' || op === 'argmin' ? p.int(0) : this.at(input, index, valid)
    const known = this.#reduced.get(position)
    this.#place(position, item.shape, index)
    if (known) return known
    const first = this.grid ?? 1000
    const inner = index.map((i, d) => (dims.includes(d) ? p.index(first + dims.indexOf(d), shape[d]!) : i))
    const value = this.at(input, inner, null)
    this.stages.push({ kind: 'reduce', op, extents: dims.map((d) => shape[d]!), value, dtype: item.dtype })
    const register = p.register(item.dtype, this.stages.length - 1)
    this.#reduced.set(position, register)
    return register
  }

  /** Checks that a reduction is asked for exactly at the point of the grid. */
  #place(position: number, shape: Shape, index: readonly Expr[]): void {
    const axes = new Set<number>()
    for (const [d, i] of index.entries()) {
      const covered = coveredAxes(this.p, i, shape[d]!)
      if (!covered) {
        const splits = this.grid === null ? splitsIn(index) : null
        throw splits ? new MustSplit(splits) : new MustWrite(position)
      }
      for (const axis of covered) axes.add(axis)
    }
    if (this.grid === null) {
      if ([...axes].some((a) => a >= 1000)) throw new MustWrite(position)
      this.found ??= axes
      if (axes.size !== this.found.size || [...axes].some((a) => !this.found!.has(a))) throw new MustWrite(position)
    } else if (axes.size !== this.grid || [...axes].some((a) => a >= this.grid!)) {
      throw new MustWrite(position)
    }
  }
}

const key = (position: number, index: readonly Expr[], valid: Expr | null): string =>
  `${position}:${index.map((i) => i.id).join()}:${valid?.id ?? ''}`

/** The axes whose values, taken together, count 0 … size − 1 in this index; null if they do not. */
export function coveredAxes(p: ExprPool, i: Expr, size: number): number[] | null {
  const { terms, constant } = p.linear(i)
  if (constant !== 0) return null
  let stride = 1
  const axes: number[] = []
  for (const [atom, c] of [...terms].sort((a, b) => a[1] - b[1])) {
    if (atom.op !== 'index' || c !== stride) return null
    stride *= atom.extent
    axes.push(atom.axis)
  }
  return stride === size ? axes : null
}

/** Axes that occur divided by a constant that divides their extent. */
function splitsIn(index: readonly Expr[]): Map<number, number> | null {
  const splits = new Map<number, number>()
  const visit = (e: Expr): void => {
    if (e.op !== 'binary') return
    const { a, b } = e
    if ((e.fn === 'idiv' || e.fn === 'mod') && a.op === 'index' && a.axis < 1000 && b.op === 'literal' && a.extent % b.value === 0)
      splits.set(a.axis, b.value)
    visit(a)
    visit(b)
  }
  index.forEach(visit)
  return splits.size > 0 ? splits : null
}
