/**
 * What surrounds the product of blocks, packing and epilogue, is written as loop kernels: they get the vectors, transpositions and tails that the
 * loop compiler has. A part is such a kernel, over the buffers of the kernel that it belongs to and one of scratch memory.
 */
import { type BufferParam, type DType, type Expr, ExprPool, rebuild, type Stage, type StoreStage } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { plus, times, type Writer } from '../assembler/writer.ts'
import { compilePiece, type ModuleContext } from '../loops/compile.ts'

export const float = 4

/** Part of an axis, from `start` to before `end`. */
export interface Span {
  readonly start: I32
  readonly end: I32
}

export interface PartAxis {
  readonly extent: number
  /** Whether every call names the span to run; otherwise all of the axis is. */
  readonly cut: boolean
  /** Scratch elements from one point of a cut axis to the next. */
  readonly scratch?: number
}

export interface Owner {
  readonly buffers: readonly BufferParam[]
  readonly scalars: readonly DType[]
}

/** `scratch` is the number of the scratch buffer, `indices` are those of the axes. */
export type PartStages = (pool: ExprPool, indices: readonly Expr[], scratch: number) => readonly Stage[]

/** Writes the call for some spans, one for each axis; the scratch memory at `address` is that of their first point. */
export type PartCall = (w: Writer, args: I32, address: I32, spans: readonly (Span | null)[]) => void

export function compilePart(
  context: ModuleContext,
  owner: Owner,
  scratch: BufferParam,
  axes: readonly PartAxis[],
  stages: PartStages,
): PartCall {
  const pool = new ExprPool()
  const indices = axes.map(({ extent }, axis) => pool.index(axis, extent))
  const kernel = {
    kind: 'loop',
    buffers: [...owner.buffers, scratch],
    scalars: owner.scalars,
    grid: axes.map(({ extent }) => extent),
    stages: stages(pool, indices, owner.buffers.length),
  } as const
  const cut = [...axes.keys()].filter((axis) => axes[axis]!.cut && axes[axis]!.extent > 1)
  const f = compilePiece(context, { kernel, scratchBuffers: 1, ranged: cut })
  return (w, args, address, spans) => {
    // The kernel counts from the beginning of the axes.
    const before = cut.map((axis) => times(spans[axis]!.start, (axes[axis]!.scratch ?? 0) * float))
    w.add(f.call(args, i32.sub(address, plus(i32.const(0), ...before)), ...cut.flatMap((axis) => [spans[axis]!.start, spans[axis]!.end])))
  }
}

export const oneOf = (point: I32): Span => ({ start: point, end: plus(point, i32.const(1)) })

export const strided = (pool: ExprPool, offset: number, strides: readonly number[], indices: readonly Expr[]): Expr =>
  indices.reduce((sum, index, i) => pool.scaleAdd(index, strides[i]!, sum), pool.int(offset))

export const storeTo = (buffer: number, index: Expr, value: Expr): StoreStage => ({
  kind: 'store',
  extents: [],
  buffer,
  index,
  value,
})

/** The stores of an epilogue, with `axes` for its indices and `sum` for its register. */
export function epilogueStages(pool: ExprPool, stores: readonly StoreStage[], axes: readonly Expr[], sum: Expr): StoreStage[] {
  const values = new Map<number, Expr>()
  const copy = rebuild(pool, { index: (e) => axes[e.axis]!, register: () => sum, stored: (e) => values.get(e.stage)! })
  // Stage 0 is the sum itself.
  return stores.map((store, i) => {
    const value = copy(store.value)
    values.set(i + 1, value)
    return { ...store, index: copy(store.index), value }
  })
}
