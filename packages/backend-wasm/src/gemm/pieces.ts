/**
 * What surrounds the product of blocks, packing and epilogue, as loop kernels: they get the vectors, transpositions and tails that the loop
 * compiler has. Each gives a function that writes the call for some part of its axes.
 */
import { type Contraction, type Expr, ExprPool, type LoopKernel, rebuild, type Stage } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { plus, times, type Writer } from '../assembler/writer.ts'
import { compilePiece, type ModuleContext } from '../loops/compile.ts'
import { tileColumns } from './block-product.ts'
import type { ProductPlan } from './contraction.ts'

const float = 4

/** Part of an axis, from `start` to before `end`. */
export interface Span {
  readonly start: I32
  readonly end: I32
}

/** The axes that a product is cut along; the tiles of columns where an operand is packed. */
interface Spans {
  readonly points: Span
  readonly rows: Span
  readonly columns: Span
  readonly ks: Span
}

/** Calls a piece: its scratch begins at `address`, which is that of the first element of the spans. */
type PieceWriter<Axes extends keyof Spans> = (w: Writer, args: I32, address: I32, spans: Pick<Spans, Axes>) => void

/** Indices of the batch's axes at a point of it. */
function batchIndices(pool: ExprPool, batch: readonly number[], point: Expr): Expr[] {
  let inner = 1
  return batch
    .map((_, i) => batch[batch.length - 1 - i]!)
    .map((extent) => {
      const index = pool.binary('mod', pool.binary('idiv', point, pool.int(inner)), pool.int(extent))
      inner *= extent
      return index
    })
    .reverse()
}

const strided = (pool: ExprPool, offset: number, strides: readonly number[], indices: readonly Expr[]): Expr =>
  indices.reduce((sum, index, i) => pool.scaleAdd(index, strides[i]!, sum), pool.int(offset))

/** One element of B. */
function elementOfB(pool: ExprPool, kernel: Contraction, { b, batch }: ProductPlan, column: Expr, k: Expr, valid: Expr | null): Expr {
  const points = batchIndices(pool, kernel.batch, pool.index(0, batch))
  const index = strided(pool, b.view.offset, [...b.view.batchStrides, b.own, b.k], [...points, column, k])
  return pool.load('float32', b.view.buffer, index, valid)
}

/** A kernel over the product's buffers and one of scratch, which is the last. */
function withScratch(kernel: Contraction, length: number, grid: readonly number[], stages: readonly Stage[]): LoopKernel {
  return { kind: 'loop', buffers: [...kernel.buffers, { dtype: 'float32', length }], scalars: kernel.scalars, grid, stages }
}

const cutAxes = (plan: ProductPlan, kernel: Contraction): { points: boolean; rows: boolean; columns: boolean; ks: boolean } => ({
  points: plan.batch > 1,
  rows: plan.a.extent > plan.block.rows,
  columns: plan.b.extent > plan.block.columns,
  ks: kernel.k > plan.block.k,
})

/** B's full tiles: packed[tile][k][8]. */
export function packColumns(context: ModuleContext, kernel: Contraction, plan: ProductPlan): PieceWriter<'points' | 'columns' | 'ks'> {
  const pool = new ExprPool()
  const tiles = Math.floor(plan.b.extent / tileColumns)
  const [tile, k, lane] = [pool.index(1, tiles), pool.index(2, kernel.k), pool.index(3, tileColumns)]
  const value = elementOfB(pool, kernel, plan, pool.scaleAdd(tile, tileColumns, lane), k, null)
  const index = pool.add(pool.add(pool.mul(tile, pool.int(plan.block.k * tileColumns)), pool.mul(k, pool.int(tileColumns))), lane)
  const store = { kind: 'store', extents: [], buffer: kernel.buffers.length, index, value } as const
  const cut = cutAxes(plan, kernel)
  const ranged = [...(cut.points ? [0] : []), ...(cut.columns ? [1] : []), ...(cut.ks ? [2] : [])]
  const length = tiles * plan.block.k * tileColumns
  const f = compilePiece(context, { kernel: withScratch(kernel, length, [plan.batch, tiles, kernel.k, tileColumns], [store]), scratchBuffers: 1, ranged })
  return (w, args, address, { points, columns, ks }) => {
    const tileSpan = { start: i32.divU(columns.start, i32.const(tileColumns)), end: i32.divU(columns.end, i32.const(tileColumns)) }
    const before = plus(times(tileSpan.start, plan.block.k * tileColumns * float), times(ks.start, tileColumns * float))
    const spans = [...(cut.points ? [points] : []), ...(cut.columns ? [tileSpan] : []), ...(cut.ks ? [ks] : [])]
    w.add(f.call(args, i32.sub(address, before), ...spans.flatMap(({ start, end }) => [start, end])))
  }
}

/** B's last tile, filled up with zeros. */
export function packLastColumns(context: ModuleContext, kernel: Contraction, plan: ProductPlan): PieceWriter<'points' | 'columns' | 'ks'> {
  const pool = new ExprPool()
  const full = Math.floor(plan.b.extent / tileColumns)
  const [k, lane] = [pool.index(1, kernel.k), pool.index(2, tileColumns)]
  const valid = pool.binary('lt', lane, pool.int(plan.b.extent % tileColumns))
  const value = elementOfB(pool, kernel, plan, pool.add(lane, pool.int(full * tileColumns)), k, valid)
  const store = { kind: 'store', extents: [], buffer: kernel.buffers.length, index: pool.scaleAdd(k, tileColumns, lane), value } as const
  const cut = cutAxes(plan, kernel)
  const ranged = [...(cut.points ? [0] : []), ...(cut.ks ? [1] : [])]
  const length = kernel.k * tileColumns
  const f = compilePiece(context, { kernel: withScratch(kernel, length, [plan.batch, kernel.k, tileColumns], [store]), scratchBuffers: 1, ranged })
  return (w, args, address, { points, columns, ks }) => {
    const tilesBefore = i32.sub(i32.const(full), i32.divU(columns.start, i32.const(tileColumns)))
    const at = i32.sub(plus(address, times(tilesBefore, plan.block.k * tileColumns * float)), times(ks.start, tileColumns * float))
    const spans = [...(cut.points ? [points] : []), ...(cut.ks ? [ks] : [])]
    w.add(f.call(args, at, ...spans.flatMap(({ start, end }) => [start, end])))
  }
}

/** The kernel's stores, with the sums of a block read from scratch. */
export function epilogueOf(context: ModuleContext, kernel: Contraction, plan: ProductPlan): PieceWriter<'points' | 'rows' | 'columns'> {
  const pool = new ExprPool()
  const { a, b, block, swapped } = plan
  const [row, column] = [pool.index(1, a.extent), pool.index(2, b.extent)]
  const points = batchIndices(pool, kernel.batch, pool.index(0, plan.batch))
  const axes = [...points, ...(swapped ? [column, row] : [row, column])]
  const sum = pool.load('float32', kernel.buffers.length, pool.scaleAdd(row, block.columns, column))
  const values = new Map<number, Expr>()
  const copy = rebuild(pool, { index: (e) => axes[e.axis]!, register: () => sum, stored: (e) => values.get(e.stage)! })
  const stages = kernel.stores.map((store, i) => {
    const value = copy(store.value)
    values.set(i + 1, value)
    return { ...store, index: copy(store.index), value }
  })
  const cut = cutAxes(plan, kernel)
  const ranged = [...(cut.points ? [0] : []), ...(cut.rows ? [1] : []), ...(cut.columns ? [2] : [])]
  const f = compilePiece(context, { kernel: withScratch(kernel, a.extent * block.columns, [plan.batch, a.extent, b.extent], stages), scratchBuffers: 1, ranged })
  return (w, args, address, { points, rows, columns }) => {
    const before = plus(times(rows.start, block.columns * float), times(columns.start, float))
    const spans = [...(cut.points ? [points] : []), ...(cut.rows ? [rows] : []), ...(cut.columns ? [columns] : [])]
    w.add(f.call(args, i32.sub(address, before), ...spans.flatMap(({ start, end }) => [start, end])))
  }
}
