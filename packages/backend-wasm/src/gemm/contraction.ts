/**
 * Batched matrix products. The result is cut into blocks that the second cache holds; of each, the sums go to scratch memory, k after k, and from there
 * through the epilogue to where they belong. B's block is packed into columns of eight unless its columns are neighbours already. Either operand
 * can be the B of this folder: the one is taken that costs less to pack and wastes less of the tiles.
 */
import { type Contraction, type Expr, ExprPool, type LoopKernel, type MatrixView, product, rebuild, type StoreStage, toLoops } from '@tenon/kernel'
import { choose, doWhile, type I32, loopWhile, sequence, type Statement, when } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import type { FunctionBuilder } from '../assembler/module.ts'
import { compileLoops, compilePiece, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { compileBlockProduct, tileColumns, tileRows } from './block-product.ts'

const float = 4

/** Most of k, rows and columns in a block: B's tile in the first cache; A, B and C in the second, a quarter of a megabyte each. */
const most = { k: 256, rows: 256, columns: 256 }

/** One factor: its own axis, rows of A or columns of B, and the axis of the sum. Strides in elements. */
interface Factor {
  readonly view: MatrixView
  readonly extent: number
  readonly own: number
  readonly k: number
}

interface Plan {
  readonly a: Factor
  readonly b: Factor
  /** Whether the rows here are the columns of the kernel. */
  readonly swapped: boolean
  readonly packs: boolean
  readonly cost: number
}

const roundUp = (x: number, unit: number): number => Math.ceil(x / unit) * unit

function planProduct({ a, b, m, n, k }: Contraction): Plan {
  const left: Factor = { view: a, extent: m, own: a.rowStride, k: a.columnStride }
  const right: Factor = { view: b, extent: n, own: b.columnStride, k: b.rowStride }
  const plans = [false, true].map((swapped): Plan => {
    const [rows, columns] = swapped ? [right, left] : [left, right]
    // Rows a multiple of 2 KiB apart fall into few sets of the first cache.
    const collides = (columns.k * float) % 2048 === 0 && k > 32
    const packs = columns.own !== 1 || collides
    const multiplying = (rows.extent * roundUp(columns.extent, tileColumns) * k) / 8
    const packing = packs ? columns.extent * k * (columns.own === 1 ? 0.5 : 1.5) : 0
    const unpacking = rows.extent * columns.extent * (swapped ? 1.5 : 0.5)
    return { a: rows, b: columns, swapped, packs, cost: multiplying + packing + unpacking }
  })
  return plans[0]!.cost <= plans[1]!.cost ? plans[0]! : plans[1]!
}

/** Products too thin to fill tiles are as fast as plain loops, or faster. */
const isThin = (k: Contraction): boolean => Math.min(k.m, k.n) < tileRows || Math.max(k.m, k.n) < tileColumns || k.m * k.n * k.k < 2048 || k.k < 4

export function compileContraction(context: ModuleContext, kernel: Contraction): LoopFunction | null {
  if (kernel.dtype !== 'float32' || isThin(kernel)) return compileLoops(context, toLoops(kernel))
  return new ProductCompiler(context, kernel).compile()
}

/** Part of an axis, from `start` to before `end`. */
interface Span {
  readonly start: I32
  readonly end: I32
}

class ProductCompiler {
  readonly #context: ModuleContext
  readonly #kernel: Contraction
  readonly #plan: Plan
  readonly #batch: number
  readonly #block: { readonly k: number; readonly rows: number; readonly columns: number }
  readonly #f: FunctionBuilder<'none'>

  constructor(context: ModuleContext, kernel: Contraction) {
    this.#context = context
    this.#kernel = kernel
    this.#plan = planProduct(kernel)
    this.#batch = product(kernel.batch)
    const { a, b } = this.#plan
    this.#block = {
      k: Math.min(kernel.k, most.k),
      rows: Math.min(a.extent, most.rows),
      columns: Math.min(roundUp(b.extent, tileColumns), most.columns),
    }
    this.#f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  }

  compile(): LoopFunction {
    const f = this.#f
    const { a, b } = this.#plan
    const [begin, end] = [f.param(1, 'i32'), f.param(2, 'i32')]
    const rowBlocks = Math.ceil(a.extent / this.#block.rows)
    const columnBlocks = Math.ceil(b.extent / this.#block.columns)
    const unit = this.#local(begin.get)
    const block = this.#local(i32.divU(unit.get, i32.const(rowBlocks)))
    const rows = this.#span(i32.remU(unit.get, i32.const(rowBlocks)), this.#block.rows, a.extent)
    const columns = this.#span(i32.remU(block.get, i32.const(columnBlocks)), this.#block.columns, b.extent)
    const batch = this.#local(i32.divU(block.get, i32.const(columnBlocks)))
    const body = sequence(
      block.begin, rows.begin, columns.begin, batch.begin,
      this.#blockOf(batch.get, rows, columns),
      unit.set(i32.add(unit.get, i32.const(1))),
    )
    f.add(unit.begin, loopWhile(i32.ltS(unit.get, end.get), body))
    const scratchBytes = this.#sumBytes + (this.#plan.packs ? this.#block.k * this.#block.columns * float : 0)
    return { f, extent: this.#batch * rowBlocks * columnBlocks, scratchBytes }
  }
