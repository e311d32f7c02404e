/**
 * C += A·B on a block that the caches hold: tiles of 4 rows and 8 columns, whose sums stay in eight registers. That is as many sums as two
 * multiply-adds a cycle with a latency of four keep busy, and they leave registers free for the operands: larger tiles spill in V8 and were slower
 * (4×8: 54 GFLOP/s of 58 on a Zen 4 core; 8×16: 50; 6×8: 38).
 *
 * A is read one element at a time, so it can lie in any way; B is read in vectors of neighbouring columns. One row, or two, take several tiles of
 * columns at once, to have as many sums.
 */
import { doWhile, type I32, loopWhile, type Statement, sequence, type V128, when } from '../assembler/code.ts'
import { i32, v128 } from '../assembler/instructions.ts'
import type { FunctionBuilder, Local } from '../assembler/module.ts'
import type { ModuleContext } from '../loops/compile.ts'
import { multiplyAdd } from '../math/routines.ts'

export const tileRows = 4
export const tileColumns = 8

/** How a pointer goes from one k to the next: by so many bytes, or to its start plus the k-th entry of a table. */
export type Advance = number | 'table'

/** All distances are in bytes. */
export interface BlockShape {
  /** Where the rows of A's tile begin, 4 at most, and the distance of the tiles. */
  readonly aRows: readonly number[]
  readonly aTile: number
  readonly aStep: Advance
  readonly bStep: Advance
  /** From a tile of columns to the next. */
  readonly bTile: number
  readonly cRow: number
}

/**
 * Parameters: A, B, C, tiles of rows, tiles of columns, number of k, whether C is added to; then, where a pointer advances by a table, the table of
 * A, the table of B. Runs the columns outside, so that a tile of B stays in the first cache.
 */
export type BlockProduct = FunctionBuilder<'none'>

export function compileBlockProduct(context: ModuleContext, shape: BlockShape): BlockProduct {
  const tables = [shape.aStep, shape.bStep].filter((step) => step === 'table').length
  const f = context.module.function(
    Array.from({ length: 7 + tables }, () => 'i32' as const),
    'none',
  )
  const [a, b, c, rowTiles, columnTiles, count, add] = Array.from({ length: 7 }, (_, i) => f.param(i, 'i32').get) as I32[]
  const tableOf = (step: Advance, position: number): I32 | null => (step === 'table' ? f.param(position, 'i32').get : null)
  const aTable = tableOf(shape.aStep, 7)
  const bTable = tableOf(shape.bStep, aTable ? 8 : 7)
  const [i, j, aTile, bAt, cTile, cColumn] = Array.from({ length: 6 }, () => f.local('i32')) as Local<'i32'>[]
  const operands = { a: aTile!.get, b: bAt!.get, c: cTile!.get, count: count!, add: add!, aTable, bTable }
  const advance = (local: Local<'i32'>, by: number): Statement => local.set(i32.add(local.get, i32.const(by)))
  /** Over all rows for as long as there are so many tiles of columns left. */
  const sweep = (tiles: number): Statement =>
    loopWhile(
      i32.geS(j!.get, i32.const(tiles)),
      sequence(
        i!.set(rowTiles!),
        aTile!.set(a!),
        cTile!.set(cColumn!.get),
        doWhile(
          sequence(
            tileProduct(f, context.relaxed, shape, tiles, operands),
            advance(aTile!, shape.aTile),
            advance(cTile!, tileRows * shape.cRow),
          ),
          i!.tee(i32.sub(i!.get, i32.const(1))),
        ),
        advance(bAt!, tiles * shape.bTile),
        advance(cColumn!, tiles * 4 * tileColumns),
        advance(j!, -tiles),
      ),
    )
  const atOnce = Math.floor(tileRows / shape.aRows.length)
  f.add(j!.set(columnTiles!), bAt!.set(b!), cColumn!.set(c!), ...[...new Set([atOnce, 1])].map(sweep))
  return f
}

interface Operands {
  readonly a: I32
  readonly b: I32
  readonly c: I32
  readonly count: I32
  readonly add: I32
  readonly aTable: I32 | null
  readonly bTable: I32 | null
}

function tileProduct(f: FunctionBuilder, relaxed: boolean, shape: BlockShape, tiles: number, o: Operands): Statement {
  const { aRows, aStep, bStep, bTile, cRow } = shape
  const madd = multiplyAdd(relaxed)
  const range = (n: number): number[] => Array.from({ length: n }, (_, x) => x)
  const offsets = range(tiles).flatMap((tile) => range(tileColumns / 4).map((v) => tile * bTile + 16 * v))
  const sums = aRows.map(() => offsets.map(() => f.local('v128')))
  const left = f.local('i32')
  // Offsets in instructions are positive: a pointer to the lowest of the rows.
  const lowest = Math.min(0, ...aRows)
  const aPointer = pointer(f, i32.add(o.a, i32.const(lowest)), aStep, o.aTable)
  const bPointer = pointer(f, o.b, bStep, o.bTable)

  const rowValues = aRows.map((row) => v128.load32Splat(aPointer.at, row - lowest))
  const columnValues = offsets.map((offset) => v128.load(bPointer.at, offset))
  // What there is less of is held, what there is more of goes by.
  const holdsRows = aRows.length < offsets.length
  const held = (holdsRows ? rowValues : columnValues).map((value) => ({ value, local: f.local('v128') }))
  const passing = f.local('v128')
  const products = (holdsRows ? columnValues : rowValues).map((value, p) =>
    sequence(
      passing.set(value),
      ...held.map(({ local }, h) => {
        const sum = holdsRows ? sums[h]![p]! : sums[p]![h]!
        return sum.set(madd(passing.get, local.get, sum.get))
      }),
    ),
  )
  const step = sequence(
    aPointer.begin,
    bPointer.begin,
    ...held.map(({ local, value }) => local.set(value)),
    ...products,
    aPointer.end,
    bPointer.end,
  )
  const each = (body: (sum: Local<'v128'>, offset: number) => Statement): Statement =>
    sequence(...sums.flatMap((own, r) => own.map((sum, v) => body(sum, r * cRow + 16 * v))))
  const zero = (sum: Local<'v128'>): Statement => sum.set(v128.zero as V128)
  return sequence(
    when(
      o.add,
      each((sum, offset) => sum.set(v128.load(o.c, offset))),
      each(zero),
    ),
    aPointer.start,
    bPointer.start,
    left.set(o.count),
    doWhile(step, left.tee(i32.sub(left.get, i32.const(1)))),
    each((sum, offset) => v128.store(o.c, sum.get, offset)),
  )
}

interface Pointer {
  readonly at: I32
  /** Before the loop over k; at the start and at the end of each round. */
  readonly start: Statement
  readonly begin: Statement
  readonly end: Statement
}

function pointer(f: FunctionBuilder, base: I32, step: Advance, table: I32 | null): Pointer {
  const at = f.local('i32')
  if (table === null) {
    return {
      at: at.get,
      start: at.set(base),
      begin: sequence(),
      end: at.set(i32.add(at.get, i32.const(step as number))),
    }
  }
  const entry = f.local('i32')
  const first = f.local('i32')
  return {
    at: at.get,
    start: sequence(entry.set(table), first.set(base)),
    begin: at.set(i32.add(first.get, i32.load(entry.get))),
    end: entry.set(i32.add(entry.get, i32.const(4))),
  }
}
