/** A block product over any number of rows: whole tiles, and one of what is left. */
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { plus, type Writer } from '../assembler/writer.ts'
import type { ModuleContext } from '../loops/compile.ts'
import { type Advance, compileBlockProduct, tileRows } from './block-product.ts'

/** Distances in bytes. */
export interface RowsShape {
  readonly rows: number
  readonly aRow: number
  readonly aStep: Advance
  readonly bStep: Advance
  readonly cRow: number
}

export interface BlockOperands {
  readonly a: I32
  readonly b: I32
  readonly c: I32
  readonly columnTiles: I32
  /** Distance of B's column tiles, in bytes. */
  readonly bTile: number
  readonly count: I32
  /** Whether C is added to. */
  readonly add: I32
  readonly tables?: readonly I32[]
}

/** Writes the product of all rows from `first` on; the last call for a block of rows takes the rest with it. */
export type RowsProduct = (w: Writer, operands: BlockOperands, span?: { readonly count: I32; readonly isLast: I32 }) => void

export function compileRows(context: ModuleContext, { rows, ...shape }: RowsShape): RowsProduct {
  const rowsOf = (count: number): number[] => Array.from({ length: count }, (_, r) => r * shape.aRow)
  const rest = rows % tileRows
  const whole = rows >= tileRows ? compileBlockProduct(context, { ...shape, aRows: rowsOf(tileRows) }) : null
  const last = rest > 0 ? compileBlockProduct(context, { ...shape, aRows: rowsOf(rest) }) : null
  return (w, { a, b, c, columnTiles, bTile, count, add, tables = [] }, span = { count: i32.const(rows), isLast: i32.const(1) }) => {
    const tiles = w.keep(i32.divU(span.count, i32.const(tileRows)))
    const common = [columnTiles, i32.const(bTile), count, add, ...tables]
    if (whole) w.when(tiles, (inside) => inside.add(whole.call(a, b, c, tiles, ...common)))
    if (!last) return
    const before = (bytes: number): I32 => i32.mul(tiles, i32.const(tileRows * bytes))
    w.when(span.isLast, (inside) =>
      inside.add(last.call(plus(a, before(shape.aRow)), b, plus(c, before(shape.cRow)), i32.const(1), ...common)),
    )
  }
}
