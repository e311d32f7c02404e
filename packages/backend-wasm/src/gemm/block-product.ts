/**
 * C += A·B on a block that the caches hold: tiles of 4 rows and 8 columns, whose sums stay in eight registers. That is as many sums as two
 * multiply-adds a cycle with a latency of four keep busy, and they leave registers free for the operands: larger tiles spill in V8 and were slower
 * (4×8: 54 GFLOP/s of 58 on a Zen 4 core; 8×16: 50; 6×8: 38).
 *
 * A is read one element at a time, so it can lie in any way; B is read in vectors of neighbouring columns.
 */
import { doWhile, type I32, type Statement, sequence, type V128, when } from '../assembler/code.ts'
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
  readonly cRow: number
}

/**
 * Parameters: A, B, C, tiles of rows, tiles of columns, distance of B's column tiles, number of k, whether C is added to; then, where a pointer
 * advances by a table, the table of A, the table of B. Runs the columns outside, so that a tile of B stays in the first cache.
 */
export type BlockProduct = FunctionBuilder<'none'>

export function compileBlockProduct(context: ModuleContext, shape: BlockShape): BlockProduct {
  const tables = [shape.aStep, shape.bStep].filter((step) => step === 'table').length
  const f = context.module.function(
    Array.from({ length: 8 + tables }, () => 'i32' as const),
    'none',
  )
  const [a, b, c, rowTiles, columnTiles, bTile, count, add] = Array.from({ length: 8 }, (_, i) => f.param(i, 'i32').get) as I32[]
  const tableOf = (step: Advance, position: number): I32 | null => (step === 'table' ? f.param(position, 'i32').get : null)
  const aTable = tableOf(shape.aStep, 8)
  const bTable = tableOf(shape.bStep, aTable ? 9 : 8)
  const [i, j, aTile, bAt, cTile, cColumn] = Array.from({ length: 6 }, () => f.local('i32')) as Local<'i32'>[]
  const tile = tileProduct(f, context.relaxed, shape, {
    a: aTile!.get,
    b: bAt!.get,
    c: cTile!.get,
    count: count!,
    add: add!,
    aTable,
    bTable,
  })
  const minusOne = (local: Local<'i32'>): I32 => local.tee(i32.sub(local.get, i32.const(1)))
  const advance = (local: Local<'i32'>, by: I32): Statement => local.set(i32.add(local.get, by))
  f.add(
    j!.set(columnTiles!),
    bAt!.set(b!),
    cColumn!.set(c!),
    doWhile(
      sequence(
        i!.set(rowTiles!),
        aTile!.set(a!),
        cTile!.set(cColumn!.get),
        doWhile(sequence(tile, advance(aTile!, i32.const(shape.aTile)), advance(cTile!, i32.const(tileRows * shape.cRow))), minusOne(i!)),
        advance(bAt!, bTile!),
        advance(cColumn!, i32.const(4 * tileColumns)),
      ),
      minusOne(j!),
    ),
  )
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

function tileProduct(f: FunctionBuilder, relaxed: boolean, { aRows, aStep, bStep, cRow }: BlockShape, o: Operands): Statement {
  const madd = multiplyAdd(relaxed)
  const vectors = tileColumns / 4
  const range = (n: number): number[] => Array.from({ length: n }, (_, x) => x)
  const sums = aRows.map(() => range(vectors).map(() => f.local('v128')))
  const columns = range(vectors).map(() => f.local('v128'))
  const left = f.local('i32')
  const row = f.local('v128')
  // Offsets in instructions are positive: a pointer to the lowest of the rows.
  const lowest = Math.min(0, ...aRows)
  const aPointer = pointer(f, i32.add(o.a, i32.const(lowest)), aStep, o.aTable)
  const bPointer = pointer(f, o.b, bStep, o.bTable)

  const step = sequence(
    aPointer.begin,
    bPointer.begin,
    ...columns.map((column, v) => column.set(v128.load(bPointer.at, 16 * v))),
    ...sums.flatMap((own, r) => [
      row.set(v128.load32Splat(aPointer.at, aRows[r]! - lowest)),
      ...own.map((sum, v) => sum.set(madd(row.get, columns[v]!.get, sum.get))),
    ]),
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
