/** A block product over any number of rows: whole tiles, and one of what is left. */
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { plus, times, type Writer } from '../assembler/writer.ts'
import type { ModuleContext } from '../loops/compile.ts'
import { type Advance, compileBlockProduct, tileRows } from './block-product.ts'

/** Distances in bytes. */
export interface RowsShape {
  readonly rows: number
  readonly aRow: number
  /** From a tile of rows to the next, where that is not four rows. */
  readonly aTile?: number
  readonly aStep: Advance
  readonly bStep: Advance
  /** From a tile of columns to the next. */
  readonly bTile: number
  readonly cRow: number
}

export interface BlockOperands {
  readonly a: I32
  readonly b: I32
  readonly c: I32
  readonly columnTiles: I32
  readonly count: I32
  /** Whether C is added to. */
  readonly add: I32
  readonly tables?: readonly I32[]
}

/** Writes the product of all rows from `first` on; the last call for a block of rows takes the rest with it. */
export type RowsProduct = (w: Writer, operands: BlockOperands, span?: { readonly count: I32; readonly isLast: I32 }) => void

export function compileRows(context: ModuleContext, { rows, aTile, ...rest }: RowsShape): RowsProduct {
  const shape = { ...rest, aTile: aTile ?? tileRows * rest.aRow }
  const rowsOf = (count: number): number[] => Array.from({ length: count }, (_, r) => r * shape.aRow)
  const left = rows % tileRows
  const whole = rows >= tileRows ? compileBlockProduct(context, { ...shape, aRows: rowsOf(tileRows) }) : null
  const last = left > 0 ? compileBlockProduct(context, { ...shape, aRows: rowsOf(left) }) : null
  return (w, { a, b, c, columnTiles, count, add, tables = [] }, span = { count: i32.const(rows), isLast: i32.const(1) }) => {
    const tiles = w.keep(i32.divU(span.count, i32.const(tileRows)))
    const common = [columnTiles, count, add, ...tables]
    if (whole) w.when(tiles, (inside) => inside.add(whole.call(a, b, c, tiles, ...common)))
    if (!last) return
    w.when(span.isLast, (inside) =>
      inside.add(last.call(plus(a, times(tiles, shape.aTile)), b, plus(c, times(tiles, tileRows * shape.cRow)), i32.const(1), ...common)),
    )
  }
}
