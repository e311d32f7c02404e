/**
 * Fusion, second half: a written value becomes a kernel, by computing one element of it as an expression. Movement is index
 * arithmetic on the way down; a reduction whose place is a point of the kernel's grid becomes a stage of it.
 */
import type { BufferParam, Contraction, Convolution, DType, Expr, Kernel, MatrixView, Stage, StoreStage } from '@tenon/kernel'
import { ExprPool, rebuild } from '@tenon/kernel'
import { type AnyLowering, type Fusion, loweringOf } from './fuse.ts'
import type { Item } from './graph.ts'
import { type AttrsOf, type ConvAttrs, flatten, type KernelAttrs, regionsOf, type ScanAttrs, unflatten } from './primitives.ts'
import { type Shape, sizeOf, stridesOf } from './shape.ts'

/** A kernel with the values (positions) that its buffers hold and the literals that its scalars are. */
export interface Lowered {
  readonly kernel: Kernel
  readonly buffers: readonly number[]
  readonly scalars: readonly number[]
  readonly writes: readonly number[]
}

/** This value cannot be computed inside that kernel: it must be written, and the kernel lowered again. */
class MustWrite {
  readonly position: number
  constructor(position: number) {
    this.position = position
  }
}
/** These axes must be split (axis → inner extent) for a reduction to find its place in the grid. */
class MustSplit {
  readonly splits: ReadonlyMap<number, number>
  constructor(splits: ReadonlyMap<number, number>) {
    this.splits = splits
  }
}
/** Two values cannot share a kernel: one reads the other at another point. */
export class NotMergeable extends Error {}

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

class Emitter {
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

  buffers(): BufferParam[] {
    return this.positions.map((position) => ({ dtype: this.item(position).dtype, length: this.item(position).size }))
  }

  scalarTypes(): DType[] {
    return this.scalars.map((position) => this.item(position).dtype)
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
        return this.#masked(
          x,
          index.map((i, d) => (d === dim ? pick : i)),
          inside,
          valid,
        )
      }
      case 'reduce':
        return this.#reduce(position, item, lowering.op, index, valid)
      case 'launch':
      case 'scan':
        throw new MustWrite(position)
    }
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
      const x = this.at(
        part,
        index.map((e, d) => (d === dim ? p.sub(e, p.int(start)) : e)),
        p.and(valid, inside),
      )
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

const iterate = (root: number, factors: readonly (readonly number[])[], inGrid?: readonly boolean[]): Iteration => {
  const extents = factors.flat()
  return { root, factors, extents, inGrid: inGrid ?? extents.map(() => true) }
}

/** The index of each dimension in terms of the axes, numbered grid first. */
function indexOf(p: ExprPool, { factors, extents, inGrid }: Iteration, grid: number): Expr[] {
  let nextGrid = 0
  let nextInner = grid
  const axes = extents.map((extent, a) => p.index(inGrid[a] ? nextGrid++ : nextInner++, extent))
  let at = 0
  return factors.map((list) => list.reduce((sum, f) => p.scaleAdd(sum, f, axes[at++]!), p.int(0)))
}

/** Each value is asked for once, so that lowering ends. */
function write({ items, written }: Fusion, position: number): void {
  if (written[position]) throw new Error(`lowering ${items[position]!.op} ${items[position]!.shape.join('×')} asks for itself`)
  written[position] = true
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
      return found
        ? iterate(
            root,
            factors,
            extents.map((_, a) => found.has(a)),
          )
        : iteration
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
  readonly kind: 'loop'
  readonly members: readonly Iteration[]
}

export const loopOf = (fusion: Fusion, root: number): Loop => ({ kind: 'loop', members: [probe(fusion, root, true)] })

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
  return finished(
    emitter,
    grid,
    loop.members.map(({ root }) => root),
  )
}

/** The kernel that puts a value into the memory of another one, `offset` elements on. */
function lowerInto(fusion: Fusion, root: number, into: { position: number; offset: number }): Lowered {
  const iteration = probe(fusion, root, false)
  const emitter = new Emitter(fusion)
  const grid = gridOf(iteration)
  emitter.grid = grid.length
  storeAt(fusion, emitter, iteration, into)
  return finished(emitter, grid, [into.position])
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

const finished = (emitter: Emitter, grid: readonly number[], writes: readonly number[]): Lowered => ({
  kernel: { kind: 'loop', grid, buffers: emitter.buffers(), scalars: emitter.scalarTypes(), stages: emitter.stages },
  buffers: emitter.positions,
  scalars: emitter.scalars,
  writes,
})

/** Where an input of a scan lies: the part of one step begins at element offset + step · stride of a value in memory. */
export interface StepView {
  readonly base: number
  readonly offset: number
  readonly stride: number
}

/** A scan: the kernels that put its first carries in their place, and where its other inputs lie. */
export interface LoweredScan {
  readonly starts: readonly Lowered[]
  readonly views: readonly StepView[]
}

export function lowerScan(fusion: Fusion, position: number): LoweredScan {
  const { inputs, attrs } = fusion.items[position]!
  const { length, reverse, carries, xs } = attrs as ScanAttrs
  const regions = regionsOf(attrs as ScanAttrs)
  for (;;) {
    try {
      const starts = inputs.slice(0, carries).flatMap((input, i) => {
        const { start, shape } = regions[i]!
        const size = sizeOf(shape)
        return size === 0 ? [] : [lowerInto(fusion, input, { position, offset: start + (reverse ? length * size : 0) })]
      })
      return { starts, views: inputs.slice(carries).map((input, i) => stepView(fusion, input, i < xs)) }
    } catch (signal) {
      if (!(signal instanceof MustWrite)) throw signal
      write(fusion, signal.position)
    }
  }
}

/** A value, or with `stepped` each entry of its first dimension, that lies in one piece. */
function stepView(fusion: Fusion, position: number, stepped: boolean): StepView {
  const { op, shape, size } = fusion.items[position]!
  if (op === 'const' || size === 0) return { base: position, offset: 0, stride: 0 }
  const emitter = new Emitter(fusion)
  const { buffer, offset, strides } = view(emitter, position)
  const inner = stepped ? 1 : 0
  const whole = stridesOf(shape)
  if (shape.some((n, d) => d >= inner && n !== 1 && strides[d] !== whole[d])) throw new MustWrite(position)
  return { base: emitter.positions[buffer]!, offset, stride: stepped ? strides[0]! : 0 }
}

/** A kernel of another kind than a loop, with its epilogue. Cuts the epilogue off where it does not fit. */
export function lowerLaunch(fusion: Fusion, end: number): Lowered | null {
  for (;;) {
    const path = fusion.launches.get(end)!
    const launch = path[0]!
    const emitter = new Emitter(fusion)
    emitter.grid = -1 // none of its points is a place for a reduction
    try {
      const kernel = build(fusion, emitter, path)
      return {
        kernel: { ...kernel, buffers: emitter.buffers(), scalars: emitter.scalarTypes() },
        buffers: emitter.positions,
        scalars: emitter.scalars,
        writes: [end],
      }
    } catch (signal) {
      if (!(signal instanceof MustWrite)) throw signal
      write(fusion, signal.position)
      if (signal.position !== launch) continue
      fusion.launches.delete(end)
      fusion.launches.set(launch, [launch])
      return null
    }
  }
}

type Bare<K> = K extends Kernel ? Omit<K, 'buffers' | 'scalars'> : never
type Launch = Bare<Kernel>

function build(fusion: Fusion, emitter: Emitter, path: readonly number[]): Launch {
  const item = fusion.items[path[0]!]!
  if (item.op === 'scatter') return scatter(emitter, path[0]!, item)
  if (item.op === 'kernel') return foreign(emitter, path[0]!, item)
  const axes = item.shape.map((size, d) => emitter.p.index(d, size))
  if (item.op === 'dot') return contraction(emitter, path, item, axes)
  return item.op === 'conv' ? convolution(emitter, path, item, axes) : lines(emitter, path[0]!, item, axes)
}

/** The store at the end of a launch whose own value, at these axes, is register 0. */
function epilogueStore(emitter: Emitter, path: readonly number[], axes: readonly Expr[]): StoreStage {
  const { p } = emitter
  const launch = path[0]!
  const end = path.at(-1)!
  emitter.define(launch, axes, p.register(emitter.item(launch).dtype, 0))
  let index: readonly Expr[] = axes
  for (const [i, position] of path.entries()) {
    const item = emitter.item(position)
    if (i === 0) continue
    if (item.op === 'reshape') index = unflatten(p, flatten(p, index, emitter.item(path[i - 1]!).shape), item.shape)
    if (item.op === 'permute') index = (item.attrs as AttrsOf['permute']).dims.map((d) => index[d]!)
  }
  const value = end === launch ? p.register(emitter.item(launch).dtype, 0) : emitter.compute(end, index, null)
  return {
    kind: 'store',
    extents: [],
    buffer: emitter.param(end),
    index: flatten(p, index, emitter.item(end).shape),
    value,
  }
}

/** Where the elements of an operand lie, as strides over its dimensions. */
function view(emitter: Emitter, position: number): { buffer: number; offset: number; strides: number[] } {
  const { p } = emitter
  const item = emitter.item(position)
  const axes = item.shape.map((size, d) => p.index(d, size))
  const e = emitter.at(position, axes, null)
  if (e.op === 'load' && !e.valid) {
    const { terms, constant } = p.linear(e.index)
    if ([...terms.keys()].every((atom) => atom.op === 'index')) {
      return { buffer: e.buffer, offset: constant, strides: axes.map((axis) => terms.get(axis) ?? 0) }
    }
  }
  throw new MustWrite(position)
}

function contraction(emitter: Emitter, path: readonly number[], item: Item, axes: readonly Expr[]): Bare<Contraction> {
  const [a, b] = item.inputs.map((input) => view(emitter, input))
  const matrix = ({ buffer, offset, strides }: ReturnType<typeof view>): MatrixView => ({
    buffer,
    offset,
    batchStrides: strides.slice(0, -2),
    rowStride: strides.at(-2)!,
    columnStride: strides.at(-1)!,
  })
  const [m, n] = item.shape.slice(-2) as [number, number]
  return {
    kind: 'contraction',
    dtype: item.dtype,
    batch: item.shape.slice(0, -2),
    m,
    n,
    k: emitter.item(item.inputs[0]!).shape.at(-1)!,
    a: matrix(a!),
    b: matrix(b!),
    stores: [epilogueStore(emitter, path, axes)],
  }
}

function convolution(emitter: Emitter, path: readonly number[], item: Item, axes: readonly Expr[]): Bare<Convolution> {
  const [x, w] = item.inputs.map((input) => view(emitter, input))
  const [xShape, wShape] = item.inputs.map((input) => emitter.item(input).shape)
  const { stride, padLow, dilation, inputDilation } = item.attrs as ConvAttrs
  return {
    kind: 'convolution',
    dtype: item.dtype,
    batch: xShape![0]!,
    groups: xShape![1]!,
    inChannels: xShape![2]!,
    outChannels: wShape![1]!,
    spatial: stride.map((s, d) => ({
      input: xShape![3 + d]!,
      kernel: wShape![3 + d]!,
      output: item.shape[3 + d]!,
      stride: s,
      dilation: dilation[d]!,
      inputDilation: inputDilation[d]!,
      padLow: padLow[d]!,
    })),
    x: {
      buffer: x!.buffer,
      offset: x!.offset,
      batch: x!.strides[0]!,
      group: x!.strides[1]!,
      channel: x!.strides[2]!,
      spatial: x!.strides.slice(3),
    },
    w: {
      buffer: w!.buffer,
      offset: w!.offset,
      group: w!.strides[0]!,
      out: w!.strides[1]!,
      in: w!.strides[2]!,
      spatial: w!.strides.slice(3),
    },
    stores: [epilogueStore(emitter, path, axes)],
  }
}

/** A kernel from outside, each of whose loads becomes what is at that place of the input; 0 where that is outside it. */
function foreign(emitter: Emitter, position: number, item: Item): Launch {
  const { p } = emitter
  const { grid, stages } = (item.attrs as KernelAttrs).body
  const make = rebuild(p, {
    load: ({ buffer }, index, valid) => {
      const input = item.inputs[buffer]!
      const { shape, size, dtype } = emitter.item(input)
      const zero = p.literal(dtype, 0)
      if (size === 0) return zero
      const inside = p.and(p.and(valid, p.binary('le', p.int(0), index)), p.binary('lt', index, p.int(size)))!
      const x = emitter.at(input, unflatten(p, index, shape), inside)
      return x.op === 'load' && x.valid === inside ? x : p.select(inside, x, zero)
    },
  })
  return {
    kind: 'loop',
    grid,
    stages: stages.map((stage) =>
      stage.kind === 'store'
        ? { ...stage, buffer: emitter.param(position), index: make(stage.index), value: make(stage.value) }
        : { ...stage, value: make(stage.value) },
    ),
  }
}

function scatter(emitter: Emitter, position: number, item: Item): Launch {
  const { p } = emitter
  const [base, picks, src] = item.inputs as [number, number, number]
  const { dim, op } = item.attrs as AttrsOf['scatter']
  const grid = emitter.item(picks).shape
  const index = grid.map((size, d) => p.index(d, size))
  const pick = emitter.at(picks, index, null)
  const inside = p.and(p.binary('le', p.int(0), pick), p.binary('lt', pick, p.int(item.shape[dim]!)))!
  const target = flatten(
    p,
    index.map((i, d) => (d === dim ? pick : i)),
    item.shape,
  )
  return {
    kind: 'scatter',
    op,
    out: emitter.param(position),
    grid,
    initial: emitter.at(base, unflatten(p, p.index(0, item.size), item.shape), null),
    index: p.select(inside, target, p.int(-1)),
    value: emitter.at(src, index, null),
  }
}

function lines(emitter: Emitter, position: number, item: Item, axes: readonly Expr[]): Launch {
  const { dim: axis, descending } = item.attrs as AttrsOf['argsort']
  const common = { out: emitter.param(position), grid: item.shape, axis, value: emitter.at(item.inputs[0]!, axes, null) }
  if (item.op === 'argsort') return { kind: 'sort', descending, ...common }
  return { kind: 'prefixScan', op: item.op === 'cumsum' ? 'sum' : 'prod', ...common }
}
