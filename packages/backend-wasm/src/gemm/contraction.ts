/**
 * Batched matrix products. The result is cut into blocks that the second cache holds. The sums of each go, k after k, to scratch memory, and from
 * there through the epilogue to where they belong; or there at once, where nothing is to be done to them. B's block is packed into columns of eight
 * unless its columns are neighbours already, A's into rows of four where each k would be another cache line. Either operand can be the B of this
 * folder: the one is taken that costs less to pack and wastes less of the tiles.
 */
import { type Contraction, type Expr, ExprPool, type MatrixView, product, rebuild, toLoops } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { minimum, plus, times, Writer } from '../assembler/writer.ts'
import { commonDivisor } from '../common-divisor.ts'
import { compileLoops, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { tileColumns, tileRows } from './block-product.ts'
import { evenBlocks } from './even-blocks.ts'
import { compilePart, epilogueStages, float, oneOf, type PartCall, type Span, storeTo, strided } from './part.ts'
import { roundUp } from './round-up.ts'
import { compileRows } from './row-tiles.ts'
import { compileThin } from './thin.ts'

/** Most of k, rows and columns in a block: B's tile in the first cache; A, B and C in the second, a quarter of a megabyte each. */
const most = { k: 256, rows: 256, columns: 256 }

/** Where sums go that no epilogue changes. */
type Target = Pick<MatrixView, 'buffer' | 'offset' | 'batchStrides' | 'rowStride'>

/** Columns from which on packing A pays. */
const fewestForPackedA = 32

/** How many lines so many bytes apart the first cache holds: 8 of 64 bytes in each of those of its 64 sets that they fall into. */
const linesHeld = (stride: number): number => 8 * (4096 / Math.max(64, commonDivisor(4096, stride)))

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
  readonly packsA: boolean
  readonly packsB: boolean
  readonly target: Target | null
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
    const packsB = columns.own !== 1 || Math.min(k, most.k) > linesHeld(columns.k * float)
    const packsA = rows.own === 1 && rows.k * float >= 64 && rows.extent >= tileRows && k > 32 && columns.extent >= fewestForPackedA
    const multiplying = (rows.extent * roundUp(columns.extent, tileColumns) * k) / 8
    const packingA = packsA ? rows.extent * k * 0.5 : 0
    const packing = packingA + (packsB ? columns.extent * k * (columns.own === 1 ? 0.5 : 1.5) : 0)
    const target = columns.extent % tileColumns === 0 ? targetOf(kernel, isSwapped) : null
    const epilogue = target ? 0 : rows.extent * columns.extent * (followsColumns(kernel, isSwapped) ? 0.5 : 2.5)
    const batch = product(kernel.batch)
    const block = { k: Math.min(k, most.k), ...blockFor(rows.extent, columns.extent, batch, threads) }
    const plan = { a: rows, b: columns, swapped: isSwapped, packsA, packsB, target, batch, block }
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

/** An index as a sum over the axes: batch, rows, columns of the blocks. */
function stridesOf({ batch }: Contraction, index: Expr, isSwapped: boolean): { constant: number; strides: readonly number[] } | null {
  const pool = new ExprPool()
  const { constant, terms } = pool.linear(rebuild(pool)(index))
  const strides = [...batch, 0, 0].map(() => 0)
  for (const [e, coefficient] of terms) {
    if (e.op !== 'index') return null
    strides[e.axis] = coefficient
  }
  const rowAndColumn = strides.splice(batch.length, 2)
  return { constant, strides: [...strides, ...(isSwapped ? rowAndColumn.reverse() : rowAndColumn)] }
}

/** Whether the epilogue stores neighbouring columns side by side. */
const followsColumns = (kernel: Contraction, isSwapped: boolean): boolean =>
  kernel.stores.every(({ index }) => stridesOf(kernel, index, isSwapped)?.strides.at(-1) === 1)

function targetOf(kernel: Contraction, isSwapped: boolean): Target | null {
  const [store, ...others] = kernel.stores
  if (!store || others.length > 0 || store.value.op !== 'register') return null
  const place = stridesOf(kernel, store.index, isSwapped)
  if (!place || place.strides.some((stride) => stride < 0) || place.strides.at(-1) !== 1) return null
  const { constant, strides } = place
  return { buffer: store.buffer, offset: constant, batchStrides: strides.slice(0, -2), rowStride: strides.at(-2)! }
}

/** Too thin to fill tiles: plain loops are as fast, or faster. */
const isThin = ({ m, n, k }: Contraction): boolean => Math.min(m, n) < tileRows || Math.max(m, n) < tileColumns || m * n * k < 2048 || k < 4

export function compileContraction(context: ModuleContext, kernel: Contraction): LoopFunction | null {
  if (kernel.dtype !== 'float32' || product(kernel.batch) === 0) return compileLoops(context, toLoops(kernel))
  if (isThin(kernel)) return compileThin(context, kernel)
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
    const isFirst = i32.or(i32.eqz(row), i32.eq(unit, begin))
    writeBlock(w, { args, scratch, point, row, column, isFirst })
  })
  f.add(writer.code)
  const packed = (plan.packsB ? block.columns : 0) + (plan.packsA ? roundUp(block.rows, tileRows) : 0)
  return {
    f,
    extent: batch * blocks.rows * blocks.columns,
    scratchBytes: ((plan.target ? 0 : block.rows * block.columns) + packed * block.k) * float,
  }
}

interface Block {
  readonly args: I32
  readonly scratch: I32
  /** Of the batch, row-major. */
  readonly point: I32
  readonly row: I32
  readonly column: I32
  /** Whether the block before had other columns. */
  readonly isFirst: I32
}

/** Writes what is done for one block. */
function blockWriter(context: ModuleContext, kernel: Contraction, plan: ProductPlan): (w: Writer, at: Block) => void {
  const { a, b, block, packsA, packsB, target } = plan
  const { k } = kernel
  const cRow = (target?.rowStride ?? block.columns) * float
  const aLayout = packsA
    ? { aRow: float, aStep: tileRows * float, aTile: block.k * tileRows * float }
    : { aRow: a.own * float, aStep: a.k * float }
  const bStep = packsB ? tileColumns * float : b.k * float
  const bTile = packsB ? block.k * tileColumns * float : tileColumns * float
  const multiply = compileRows(context, { rows: a.extent, ...aLayout, bStep, bTile, cRow })
  const packA = packsA ? packer(context, kernel, plan, a, tileRows, block.rows) : null
  const packB = packsB ? packer(context, kernel, plan, b, tileColumns, block.columns) : null
  const epilogue = target ? null : epilogueOf(context, kernel, plan)

  return (w, { args, scratch, point, row, column, isFirst }) => {
    const rows = { start: row, end: w.keep(minimum(plus(row, i32.const(block.rows)), i32.const(a.extent))) }
    const columns = { start: column, end: w.keep(minimum(plus(column, i32.const(block.columns)), i32.const(b.extent))) }
    const packedA = target ? scratch : w.keep(plus(scratch, i32.const(block.rows * cRow)))
    const packedB = packsA ? w.keep(plus(packedA, i32.const(roundUp(block.rows, tileRows) * block.k * float))) : packedA
    const aBlock = packsA ? packedA : w.keep(plus(addressOf(args, kernel, a.view, point), times(row, a.own * float)))
    const bBlock = packsB ? packedB : w.keep(plus(addressOf(args, kernel, b.view, point), times(column, b.own * float)))
    const c = target ? w.keep(plus(addressOf(args, kernel, target, point), times(row, cRow), times(column, float))) : scratch
    const columnTiles = w.keep(i32.divU(plus(i32.sub(columns.end, column), i32.const(tileColumns - 1)), i32.const(tileColumns)))

    // Blocks of the same columns follow one another: where B is packed over all of k, it lies there for the next.
    const isWhole = k <= block.k
    if (isWhole) w.when(isFirst, (inside) => packB?.(inside, args, packedB, point, columns, { start: i32.const(0), end: i32.const(k) }))
    w.loop(i32.const(0), i32.const(k), block.k, (start, inside) => {
      const ks = { start, end: inside.keep(minimum(plus(start, i32.const(block.k)), i32.const(k))) }
      packA?.(inside, args, packedA, point, rows, ks)
      if (!isWhole) packB?.(inside, args, packedB, point, columns, ks)
      const operands = {
        a: packsA ? aBlock : inside.keep(plus(aBlock, times(start, a.k * float))),
        b: packsB ? bBlock : inside.keep(plus(bBlock, times(start, b.k * float))),
        c,
        columnTiles,
        count: i32.sub(ks.end, start),
        add: start,
      }
      multiply(inside, operands, { count: i32.sub(rows.end, row), isLast: i32.eq(rows.end, i32.const(a.extent)) })
    })
    epilogue?.(w, args, scratch, [oneOf(point), rows, columns])
  }
}

/** Where an operand begins at a point of the batch. */
function addressOf(args: I32, { batch }: Contraction, view: Target, point: I32): I32 {
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

/** Writes what packs the rows, or columns, of a span and some of k: packed[tile][k][width], the last tile filled up with zeros. */
type Packer = (w: Writer, args: I32, packed: I32, point: I32, span: Span, ks: Span) => void

function packer(
  context: ModuleContext,
  kernel: Contraction,
  { batch, block }: ProductPlan,
  { view, extent, own, k }: Factor,
  width: number,
  mostOwn: number,
): Packer {
  const tiles = Math.floor(extent / width)
  const tileSize = block.k * width
  const element = (pool: ExprPool, point: Expr, position: Expr, inner: Expr, valid: Expr | null): Expr => {
    const strides = [...view.batchStrides, own, k]
    const index = strided(pool, view.offset, strides, [...batchIndices(pool, kernel.batch, point), position, inner])
    return pool.load('float32', view.buffer, index, valid)
  }
  const points = { extent: batch, cut: true }
  const depth = { extent: kernel.k, cut: kernel.k > block.k, scratch: width }
  const lanes = { extent: width, cut: false }
  const wholeAxes = [points, { extent: tiles, cut: extent > mostOwn, scratch: tileSize }, depth, lanes]
  const whole = compilePart(context, kernel, { dtype: 'float32', length: tiles * tileSize }, wholeAxes, (pool, axes, packed) => {
    const [point, tile, inner, lane] = axes as [Expr, Expr, Expr, Expr]
    const value = element(pool, point, pool.scaleAdd(tile, width, lane), inner, null)
    return [storeTo(packed, strided(pool, 0, [tileSize, width, 1], [tile, inner, lane]), value)]
  })
  const lastLength = kernel.k * width
  const last =
    extent % width > 0
      ? compilePart(context, kernel, { dtype: 'float32', length: lastLength }, [points, depth, lanes], (pool, axes, packed) => {
          const [point, inner, lane] = axes as [Expr, Expr, Expr]
          const valid = pool.binary('lt', lane, pool.int(extent % width))
          const value = element(pool, point, pool.add(lane, pool.int(tiles * width)), inner, valid)
          return [storeTo(packed, pool.scaleAdd(inner, width, lane), value)]
        })
      : null
  const inTiles = (x: I32): I32 => i32.divU(x, i32.const(width))
  return (w, args, packed, point, { start, end }, ks) => {
    whole(w, args, packed, [oneOf(point), { start: inTiles(start), end: inTiles(end) }, ks, null])
    if (!last) return
    w.when(i32.eq(end, i32.const(extent)), (inside) => {
      const address = plus(packed, times(i32.sub(inTiles(end), inTiles(start)), tileSize * float))
      last(inside, args, address, [oneOf(point), ks, null])
    })
  }
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
