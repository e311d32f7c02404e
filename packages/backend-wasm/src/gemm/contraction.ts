/**
 * Batched matrix products. The result is cut into blocks that the second cache holds; of each, the sums go to scratch memory, k after k, and from there
 * through the epilogue to where they belong. B's block is packed into columns of eight unless its columns are neighbours already. Either operand
 * can be the B of this folder: the one is taken that costs less to pack and wastes less of the tiles.
 */
import { type Contraction, type Expr, ExprPool, type MatrixView, product, rebuild, toLoops } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { minimum, plus, times, Writer } from '../assembler/writer.ts'
import { compileLoops, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { tileColumns, tileRows } from './block-product.ts'
import { evenBlocks } from './even-blocks.ts'
import { compilePart, epilogueStages, float, oneOf, type PartCall, storeTo, strided } from './part.ts'
import { roundUp } from './round-up.ts'
import { compileRows } from './row-tiles.ts'

/** Most of k, rows and columns in a block: B's tile in the first cache; A, B and C in the second, a quarter of a megabyte each. */
const most = { k: 256, rows: 256, columns: 256 }

/** One operand: its own axis, rows of A or columns of B, and the axis of the sum. Strides in elements. */
interface Factor {
  readonly view: MatrixView
  readonly extent: number
  readonly own: number
  readonly k: number
}

interface ProductPlan {
  readonly a: Factor
  readonly b: Factor
  /** Whether the rows here are the columns of the kernel. */
  readonly swapped: boolean
  readonly packs: boolean
  readonly batch: number
  /** Extents of a block; the columns are a multiple of the tiles'. */
  readonly block: { readonly k: number; readonly rows: number; readonly columns: number }
}

function planProduct(kernel: Contraction, threads: number): ProductPlan {
  const { a, b, m, n, k } = kernel
  const left: Factor = { view: a, extent: m, own: a.rowStride, k: a.columnStride }
  const right: Factor = { view: b, extent: n, own: b.columnStride, k: b.rowStride }
  const candidate = (isSwapped: boolean): { plan: ProductPlan; cost: number } => {
    const [rows, columns] = isSwapped ? [right, left] : [left, right]
    // Rows a multiple of 2 KiB apart fall into few sets of the first cache.
    const collides = (columns.k * float) % 2048 === 0 && k > 32
    const packs = columns.own !== 1 || collides
    const multiplying = (rows.extent * roundUp(columns.extent, tileColumns) * k) / 8
    const packing = packs ? columns.extent * k * (columns.own === 1 ? 0.5 : 1.5) : 0
    const epilogue = rows.extent * columns.extent * (followsColumns(kernel, isSwapped) ? 0.5 : 2.5)
    const batch = product(kernel.batch)
    const block = { k: Math.min(k, most.k), ...blockFor(rows.extent, columns.extent, batch, threads) }
    const plan = { a: rows, b: columns, swapped: isSwapped, packs, batch, block }
    return { plan, cost: multiplying + packing + epilogue }
  }
  const [straight, swapped] = [candidate(false), candidate(true)]
  return straight.cost <= swapped.cost ? straight.plan : swapped.plan
}

/** Rows and columns of a block. Rather fewer columns than rows, where there are too few blocks: each block packs its columns. */
function blockFor(rows: number, columns: number, batch: number, threads: number): { readonly rows: number; readonly columns: number } {
  const rowBlocks = Math.ceil(rows / most.rows)
  const least = Math.ceil(columns / most.columns)
  const columnBlocks = evenBlocks(least, Math.ceil(columns / (4 * tileColumns)), batch * rowBlocks, threads)
  const moreRows = evenBlocks(rowBlocks, Math.ceil(rows / (4 * tileRows)), batch * columnBlocks, threads)
  return {
    rows: Math.min(rows, most.rows, roundUp(Math.ceil(rows / moreRows), tileRows)),
    columns: Math.min(most.columns, roundUp(Math.ceil(columns / columnBlocks), tileColumns)),
  }
}

/** Whether the epilogue stores neighbouring columns side by side. */
function followsColumns({ batch, stores }: Contraction, isSwapped: boolean): boolean {
  const columns = batch.length + (isSwapped ? 0 : 1)
  const pool = new ExprPool()
  const copy = rebuild(pool)
  return stores.every(({ index }) =>
    [...pool.linear(copy(index)).terms].some(([e, c]) => e.op === 'index' && e.axis === columns && c === 1),
  )
}

/** Products too thin to fill tiles are as fast as plain loops, or faster. */
const isThin = ({ m, n, k }: Contraction): boolean => Math.min(m, n) < tileRows || Math.max(m, n) < tileColumns || m * n * k < 2048 || k < 4

export function compileContraction(context: ModuleContext, kernel: Contraction): LoopFunction | null {
  if (kernel.dtype !== 'float32' || isThin(kernel) || product(kernel.batch) === 0) return compileLoops(context, toLoops(kernel))
  const plan = planProduct(kernel, context.threads)
  const { a, b, block, batch } = plan
  const blocks = { rows: Math.ceil(a.extent / block.rows), columns: Math.ceil(b.extent / block.columns) }
  const writeBlock = blockWriter(context, kernel, plan)
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
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
  return {
    f,
    extent: batch * blocks.rows * blocks.columns,
    scratchBytes: block.rows * block.columns * float + packedBytes,
  }
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
  const cRow = block.columns * float
  const bStep = packs ? tileColumns * float : b.k * float
  const bTile = packs ? block.k * tileColumns * float : tileColumns * float
  const multiply = compileRows(context, { rows: a.extent, aRow: a.own * float, aStep: a.k * float, bStep, cRow })
  const pack = packs ? packColumns(context, kernel, plan) : null
  const packRest = packs && b.extent % tileColumns > 0 ? packLastColumns(context, kernel, plan) : null
  const epilogue = epilogueOf(context, kernel, plan)

  return (w, { args, scratch, point, row, column }) => {
    const rowEnd = w.keep(minimum(plus(row, i32.const(block.rows)), i32.const(a.extent)))
    const columnEnd = w.keep(minimum(plus(column, i32.const(block.columns)), i32.const(b.extent)))
    const packed = w.keep(plus(scratch, i32.const(block.rows * cRow)))
    const points = oneOf(point)
    const aBlock = w.keep(plus(addressOf(args, kernel, a, point), times(row, a.own * float)))
    const bBlock = packs ? packed : w.keep(plus(addressOf(args, kernel, b, point), times(column, b.own * float)))
    const inTiles = (columns: I32): I32 => i32.divU(columns, i32.const(tileColumns))
    const columnTiles = w.keep(inTiles(plus(i32.sub(columnEnd, column), i32.const(tileColumns - 1))))
    const tiles = { start: inTiles(column), end: inTiles(columnEnd) }

    w.loop(i32.const(0), i32.const(k), block.k, (start, inside) => {
      const ks = { start, end: inside.keep(minimum(plus(start, i32.const(block.k)), i32.const(k))) }
      pack?.(inside, args, packed, [points, tiles, ks, null])
      if (packRest) {
        const address = plus(packed, i32.mul(i32.sub(columnTiles, i32.const(1)), i32.const(bTile)))
        inside.when(i32.eq(columnEnd, i32.const(b.extent)), (last) => packRest(last, args, address, [points, ks, null]))
      }
      const operands = {
        a: inside.keep(plus(aBlock, times(start, a.k * float))),
        b: packs ? bBlock : inside.keep(plus(bBlock, times(start, b.k * float))),
        c: scratch,
        columnTiles,
        bTile,
        count: i32.sub(ks.end, start),
        add: start,
      }
      multiply(inside, operands, { count: i32.sub(rowEnd, row), isLast: i32.eq(rowEnd, i32.const(a.extent)) })
    })
    epilogue(w, args, scratch, [points, { start: row, end: rowEnd }, { start: column, end: columnEnd }])
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

/** Indices of the batch's axes at a point of it. */
function batchIndices(pool: ExprPool, batch: readonly number[], point: Expr): Expr[] {
  const inner = batch.map((_, i) => product(batch.slice(i + 1)))
  return batch.map((extent, i) => pool.binary('mod', pool.binary('idiv', point, pool.int(inner[i]!)), pool.int(extent)))
}

/** One element of B. */
function elementOfB(pool: ExprPool, kernel: Contraction, { b }: ProductPlan, point: Expr, column: Expr, k: Expr, valid: Expr | null): Expr {
  const points = batchIndices(pool, kernel.batch, point)
  const index = strided(pool, b.view.offset, [...b.view.batchStrides, b.own, b.k], [...points, column, k])
  return pool.load('float32', b.view.buffer, index, valid)
}

/** B's full tiles: packed[tile][k][8]. */
function packColumns(context: ModuleContext, kernel: Contraction, plan: ProductPlan): PartCall {
  const { b, block, batch } = plan
  const tiles = Math.floor(b.extent / tileColumns)
  const tileSize = block.k * tileColumns
  const axes = [
    { extent: batch, cut: true },
    { extent: tiles, cut: b.extent > block.columns, scratch: tileSize },
    { extent: kernel.k, cut: kernel.k > block.k, scratch: tileColumns },
    { extent: tileColumns, cut: false },
  ]
  return compilePart(context, kernel, { dtype: 'float32', length: tiles * tileSize }, axes, (pool, [point, tile, k, lane], packed) => {
    const value = elementOfB(pool, kernel, plan, point!, pool.scaleAdd(tile!, tileColumns, lane!), k!, null)
    return [storeTo(packed, strided(pool, 0, [tileSize, tileColumns, 1], [tile!, k!, lane!]), value)]
  })
}

/** B's last tile, filled up with zeros. */
function packLastColumns(context: ModuleContext, kernel: Contraction, plan: ProductPlan): PartCall {
  const { b, block, batch } = plan
  const full = roundUp(b.extent, tileColumns) - tileColumns
  const axes = [
    { extent: batch, cut: true },
    { extent: kernel.k, cut: kernel.k > block.k, scratch: tileColumns },
    { extent: tileColumns, cut: false },
  ]
  return compilePart(context, kernel, { dtype: 'float32', length: kernel.k * tileColumns }, axes, (pool, [point, k, lane], packed) => {
    const valid = pool.binary('lt', lane!, pool.int(b.extent - full))
    const value = elementOfB(pool, kernel, plan, point!, pool.add(lane!, pool.int(full)), k!, valid)
    return [storeTo(packed, pool.scaleAdd(k!, tileColumns, lane!), value)]
  })
}

/** The kernel's stores, with the sums of a block read from scratch. */
function epilogueOf(context: ModuleContext, kernel: Contraction, { a, b, block, swapped, batch }: ProductPlan): PartCall {
  const axes = [
    { extent: batch, cut: true },
    { extent: a.extent, cut: a.extent > block.rows, scratch: block.columns },
    { extent: b.extent, cut: b.extent > block.columns, scratch: 1 },
  ]
  return compilePart(context, kernel, { dtype: 'float32', length: a.extent * block.columns }, axes, (pool, [point, row, column], sums) => {
    const indices = [...batchIndices(pool, kernel.batch, point!), ...(swapped ? [column!, row!] : [row!, column!])]
    return epilogueStages(pool, kernel.stores, indices, pool.load('float32', sums, pool.scaleAdd(row!, block.columns, column!)))
  })
}
