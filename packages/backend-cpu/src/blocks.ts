/**
 * Evaluates expressions over blocks of points: each distinct expression becomes one loop that fills a block from the
 * blocks of its operands. What many expressions share is computed once, and the cost of calling a closure is spread
 * over all points of a block.
 */
import { type Expr, operands, product, type TypedArray, walker } from '@tenon/kernel'
import { affineFill, affineForms } from './affine.ts'
import type { Block } from './operations.ts'
import * as ops from './operations.ts'

/** Large enough to spread the cost of calls, small enough that the blocks of a kernel stay in the cache. */
export const blockSize = 512

/** What a kernel's loops refer to while it runs. */
export interface Frame {
  buffers: readonly TypedArray[]
  scalars: readonly number[]
  /** Results of the reduce stages, for the grid points from `firstGridPoint` on. */
  readonly registers: Block[]
  firstGridPoint: number
  /** The first point of the current block, counted through [...grid, ...extents] in row-major order. */
  firstPoint: number
}

export const newFrame = (): Frame => ({ buffers: [], scalars: [], registers: [], firstGridPoint: 0, firstPoint: 0 })

/** What to evaluate for `stored`: the value that an earlier stage stored, wherever it is now. */
export type StoredAs = (stage: number) => Expr

interface Evaluation {
  /** Fills `results` for the n points from the frame's first one on. */
  run(n: number): void
  readonly results: readonly Block[]
}

type Loop = (n: number) => void

/** The block of an expression: filled by loops that are added when it is first wanted, and free when all its users are done. */
interface Value {
  want(): Block
  done(): void
}

/** Scratch, for all kernels in turn: nothing in it outlives the evaluation of a block. */
const scratch: Block[] = []

export function compileBlocks(
  frame: Frame,
  axes: readonly number[],
  gridRank: number,
  roots: readonly Expr[],
  storedAs: StoredAs,
): Evaluation {
  const loops: Loop[] = []
  const free: Block[] = []
  let taken = 0
  const take = (): Block => free.pop() ?? (scratch[taken++] ??= new Float64Array(blockSize))

  const affine = affineForms(axes)
  const uses = countUses(roots, (e) => (affine(e) ? [] : e.op === 'stored' ? [storedAs(e.stage)] : operands(e)))
  const value = (e: Expr, inputs: readonly Value[], compile: (out: Block, ...inputs: Block[]) => (Loop | null)[]): Value => {
    let block: Block | null = null
    let left = uses.get(e)!
    return {
      want() {
        if (block) return block
        const blocks = inputs.map((x) => x.want())
        for (const x of inputs) x.done()
        // It may be the block of an input: every loop reads a point before it writes it.
        block = take()
        for (const loop of compile(block, ...blocks)) if (loop) loops.push(loop)
        return block
      },
      done() {
        if (--left === 0) free.push(block!)
      },
    }
  }
  const inPlace = (block: Block, loop: ops.InPlaceLoop | null): Loop | null => loop && ((n) => loop(block, n))
  const index = (e: Expr): Value | null => {
    const form = affine(e)
    if (!form) return null
    const fill = affineFill(form, axes)
    return value(e, [], (out) => [(n) => fill(out, n, frame.firstPoint)])
  }

  const visit: (e: Expr) => Value = walker<Value>({
    literal: (e) => value(e, [], (out) => [(n) => out.fill(e.value, 0, n)]),
    scalar: (e) => value(e, [], (out) => [(n) => out.fill(frame.scalars[e.slot]!, 0, n), inPlace(out, ops.settle[e.dtype])]),
    index: (e) => index(e)!,
    load(e, at, valid) {
      const gather = ops.gathers[e.dtype]
      const masked = ops.maskedGathers[e.dtype]
      if (!valid) return value(e, [at], (out, i) => [(n) => gather(out, frame.buffers[e.buffer]!, i!, n)])
      return value(e, [at, valid], (out, i, v) => [(n) => masked(out, frame.buffers[e.buffer]!, i!, v!, n)])
    },
    unary(e, x) {
      const loop = ops.unaryLoops[e.fn]
      return value(e, [x], (out, a) => [(n) => loop(out, a!, n), inPlace(out, ops.settleAfter(e.fn, e.dtype))])
    },
    binary(e, x, y) {
      const { loop, settle } = ops.binaryLoop(e.fn, e.a.dtype)
      return index(e) ?? value(e, [x, y], (out, a, b) => [(n) => loop(out, a!, b!, n), inPlace(out, settle)])
    },
    select: (e, cond, x, y) => value(e, [cond, x, y], (out, c, a, b) => [(n) => ops.selectLoop(out, c!, a!, b!, n)]),
    cast(e, x) {
      const loop = ops.castLoop(e.x.dtype, e.dtype)
      return value(e, [x], (out, a) => [(n) => loop(out, a!, n), inPlace(out, ops.settle[e.dtype])])
    },
    register(e) {
      const inner = product(axes.slice(gridRank))
      return value(e, [], (out) => [
        (n) => fillRegister(out, n, frame.registers[e.stage]!, frame.firstPoint - frame.firstGridPoint * inner, inner),
      ])
    },
    stored: (e) => value(e, [visit(storedAs(e.stage))], (out, a) => [out === a ? null : (n) => out.set(a!.subarray(0, n))]),
  })

  const results = roots.map((e) => visit(e).want())
  return {
    results,
    run: (n) => {
      for (const loop of loops) loop(n)
    },
  }
}

/** How often each expression is wanted; a root once more than it is done with, so that its block is never free. */
function countUses(roots: readonly Expr[], inputs: (e: Expr) => readonly Expr[]): Map<Expr, number> {
  const uses = new Map<Expr, number>()
  const visit = (e: Expr): void => {
    const known = uses.get(e) ?? 0
    uses.set(e, known + 1)
    if (known === 0) inputs(e).forEach(visit)
  }
  roots.forEach(visit)
  return uses
}

/** The register of the grid point that a point belongs to; each grid point has `stride` of them. */
function fillRegister(out: Block, n: number, register: Block, first: number, stride: number): void {
  let point = Math.floor(first / stride)
  let left = stride - (first % stride)
  for (let i = 0; i < n; i++) {
    out[i] = register[point]!
    if (--left === 0) {
      left = stride
      point++
    }
  }
}
