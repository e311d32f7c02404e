/**
 * Batched matrix products. The result is cut into blocks that the second cache holds; of each, the sums go to scratch memory, k after k, and from there
 * through the epilogue to where they belong. B's block is packed into columns of eight unless its columns are neighbours already. Either operand
 * can be the B of this folder: the one is taken that costs less to pack and wastes less of the tiles.
 */
import { type Contraction, type MatrixView, product, toLoops } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { minimum, plus, times, Writer } from '../assembler/writer.ts'
import { compileLoops, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { compileBlockProduct, tileColumns, tileRows } from './block-product.ts'
import { epilogueOf, packColumns, packLastColumns } from './pieces.ts'

const float = 4

/** Most of k, rows and columns in a block: B's tile in the first cache; A, B and C in the second, a quarter of a megabyte each. */
const most = { k: 256, rows: 256, columns: 256 }

/** One operand: its own axis, rows of A or columns of B, and the axis of the sum. Strides in elements. */
export interface Factor {
  readonly view: MatrixView
  readonly extent: number
  readonly own: number
  readonly k: number
}

export interface ProductPlan {
  readonly a: Factor
  readonly b: Factor
  /** Whether the rows here are the columns of the kernel. */
  readonly swapped: boolean
  readonly packs: boolean
  readonly batch: number
  /** Extents of a block; the columns are a multiple of the tiles'. */
  readonly block: { readonly k: number; readonly rows: number; readonly columns: number }
}

const roundUp = (x: number, unit: number): number => Math.ceil(x / unit) * unit

function planProduct(kernel: Contraction): ProductPlan {
  const { a, b, m, n, k } = kernel
  const left: Factor = { view: a, extent: m, own: a.rowStride, k: a.columnStride }
  const right: Factor = { view: b, extent: n, own: b.columnStride, k: b.rowStride }
  const [straight, swapped] = [false, true].map((isSwapped) => {
    const [rows, columns] = isSwapped ? [right, left] : [left, right]
    // Rows a multiple of 2 KiB apart fall into few sets of the first cache.
    const collides = (columns.k * float) % 2048 === 0 && k > 32
    const packs = columns.own !== 1 || collides
    const multiplying = (rows.extent * roundUp(columns.extent, tileColumns) * k) / 8
    const packing = packs ? columns.extent * k * (columns.own === 1 ? 0.5 : 1.5) : 0
    const epilogue = rows.extent * columns.extent * (isSwapped ? 1.5 : 0.5)
    const block = {
      k: Math.min(k, most.k),
      rows: Math.min(rows.extent, most.rows),
      columns: Math.min(roundUp(columns.extent, tileColumns), most.columns),
    }
    const plan: ProductPlan = { a: rows, b: columns, swapped: isSwapped, packs, batch: product(kernel.batch), block }
    return { plan, cost: multiplying + packing + epilogue }
  }) as [{ plan: ProductPlan; cost: number }, { plan: ProductPlan; cost: number }]
  return straight.cost <= swapped.cost ? straight.plan : swapped.plan
}

/** Products too thin to fill tiles are as fast as plain loops, or faster. */
const isThin = ({ m, n, k }: Contraction): boolean =>
  Math.min(m, n) < tileRows || Math.max(m, n) < tileColumns || m * n * k < 2048 || k < 4

export function compileContraction(context: ModuleContext, kernel: Contraction): LoopFunction | null {
  if (kernel.dtype !== 'float32' || isThin(kernel) || product(kernel.batch) === 0) return compileLoops(context, toLoops(kernel))
  const plan = planProduct(kernel)
  const { a, b, block, batch } = plan
  const blocks = { rows: Math.ceil(a.extent / block.rows), columns: Math.ceil(b.extent / block.columns) }
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const writeBlock = blockWriter(context, kernel, plan)
  const [args, begin, end, scratch] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const writer = new Writer(f)
  writer.loop(begin, end, 1, (unit, w) => {
    const rest = w.keep(i32.divU(unit, i32.const(blocks.rows)))
    const row = w.keep(times(i32.remU(unit, i32.const(blocks.rows)), block.rows))
    const column = w.keep(times(i32.remU(rest, i32.const(blocks.columns)), block.columns))
    const point = w.keep(i32.divU(rest, i32.const(blocks.columns)))
    writeBlock(w, { args, scratch, point, row, column })
  })
  f.add(writer.code)
  const packedBytes = plan.packs ? block.k * block.columns * float : 0
  return { f, extent: batch * blocks.rows * blocks.columns, scratchBytes: block.rows * block.columns * float + packedBytes }
}

interface Block {
  readonly args: I32
  readonly scratch: I32
  /** Of the batch, row-major. */
  readonly point: I32
  readonly row: I32
  readonly column: I32
}

/** Writes what is done for one block. */
function blockWriter(context: ModuleContext, kernel: Contraction, plan: ProductPlan): (w: Writer, at: Block) => void {
  const { a, b, block, packs } = plan
  const { k } = kernel
  const sumRow = block.columns * float
  const shape = { aRow: a.own * float, aStep: a.k * float, bStep: packs ? tileColumns * float : b.k * float, cRow: sumRow }
  const rest = a.extent % tileRows
  const multiply = compileBlockProduct(context, { ...shape, rows: tileRows })
  const multiplyRest = rest > 0 ? compileBlockProduct(context, { ...shape, rows: rest }) : null
  const pack = packs ? packColumns(context, kernel, plan) : null
  const packRest = packs && b.extent % tileColumns > 0 ? packLastColumns(context, kernel, plan) : null
  const epilogue = epilogueOf(context, kernel, plan)
  const tileStride = packs ? block.k * tileColumns * float : tileColumns * float

  return (w, { args, scratch, point, row, column }) => {
    const rowEnd = w.keep(minimum(plus(row, i32.const(block.rows)), i32.const(a.extent)))
    const columnEnd = w.keep(minimum(plus(column, i32.const(block.columns)), i32.const(b.extent)))
    const sums = scratch
    const packed = w.keep(plus(scratch, i32.const(block.rows * sumRow)))
    const points = { start: point, end: plus(point, i32.const(1)) }
    const rows = { start: row, end: rowEnd }
    const columns = { start: column, end: columnEnd }
    const aBlock = w.keep(plus(addressOf(args, kernel, a, point), times(row, a.own * float)))
    const bBlock = packs ? packed : w.keep(plus(addressOf(args, kernel, b, point), times(column, b.own * float)))
    const fullTiles = w.keep(i32.divU(i32.sub(rowEnd, row), i32.const(tileRows)))
    const tiles = w.keep(i32.divU(i32.add(i32.sub(columnEnd, column), i32.const(tileColumns - 1)), i32.const(tileColumns)))

    w.loop(i32.const(0), i32.const(k), block.k, (start, inside) => {
      const end = inside.keep(minimum(plus(start, i32.const(block.k)), i32.const(k)))
      const parts = { points, columns, ks: { start, end } }
      pack?.(inside, args, packed, parts)
      if (packRest) inside.when(i32.eq(columnEnd, i32.const(b.extent)), (last) => packRest(last, args, packed, parts))
      const aHere = inside.keep(plus(aBlock, times(start, a.k * float)))
      const bHere = packs ? bBlock : inside.keep(plus(bBlock, times(start, b.k * float)))
      const common = [tiles, i32.const(tileStride), i32.sub(end, start), start] as const
      inside.when(fullTiles, (full) => full.add(multiply.call(aHere, bHere, sums, fullTiles, ...common)))
      if (!multiplyRest) return
      inside.when(i32.eq(rowEnd, i32.const(a.extent)), (last) => {
        const skipped = times(fullTiles, tileRows)
        const aLast = plus(aHere, i32.mul(skipped, i32.const(a.own * float)))
        last.add(multiplyRest.call(aLast, bHere, plus(sums, i32.mul(skipped, i32.const(sumRow))), i32.const(1), ...common))
      })
    })
    epilogue(w, args, sums, { points, rows, columns })
  }
}

/** Where an operand begins at a point of the batch. */
function addressOf(args: I32, { batch }: Contraction, { view }: Factor, point: I32): I32 {
  const start = plus(i32.load(args, 4 * view.buffer), i32.const(view.offset * float))
  let inner = 1
  const shares: I32[] = []
  for (let axis = batch.length - 1; axis >= 0; axis--) {
    const stride = view.batchStrides[axis]! * float
    const index = i32.remU(i32.divU(point, i32.const(inner)), i32.const(batch[axis]!))
    if (stride !== 0 && batch[axis]! > 1) shares.push(times(index, stride))
    inner *= batch[axis]!
  }
  return plus(start, ...shares)
}
