/** How much work a kernel is: for summaries, GFLOP/s, and choices between plans. */
import { distinct, gridOf, stagesOf, writes } from './access.ts'
import { dtypes, isFloat } from './dtype.ts'
import type { Expr } from './expr.ts'
import { product } from './extents.ts'
import type { Kernel } from './kernel.ts'

/** The work of one run of a kernel. */
export interface Cost {
  /** Float operations; a function such as exp counts as one, a multiply and add as two. */
  readonly flops: number
  /** Bytes read and written, each buffer at most once. */
  readonly bytes: number
}

/** How much work a kernel is. */
export function cost(kernel: Kernel): Cost {
  const read = new Map<number, number>()
  let flops = 0
  const countExprs = (roots: readonly Expr[], points: number): void => {
    for (const e of distinct(roots)) {
      if (e.op === 'load') read.set(e.buffer, (read.get(e.buffer) ?? 0) + points)
      if ((e.op === 'unary' || e.op === 'binary') && isFloat(e.op === 'unary' ? e.dtype : e.a.dtype)) flops += points
    }
  }
  const grid = gridOf(kernel)
  for (const s of stagesOf(kernel)) {
    const points = product(grid) * product(s.extents)
    countExprs(s.kind === 'store' ? [s.index, s.value] : [s.value], points)
    if (s.kind === 'reduce' && isFloat(s.value.dtype)) flops += points
  }
  switch (kernel.kind) {
    case 'loop':
      break
    case 'contraction':
      flops += 2 * product(grid) * kernel.k
      for (const { buffer } of [kernel.a, kernel.b]) read.set(buffer, Infinity)
      break
    case 'convolution':
      flops += 2 * product(grid) * kernel.inChannels * product(kernel.spatial.map((axis) => axis.kernel / axis.inputDilation)) // the rest are zeros
      for (const { buffer } of [kernel.x, kernel.w]) read.set(buffer, Infinity)
      break
    case 'scatter':
      countExprs([kernel.initial], kernel.buffers[kernel.out]!.length)
      countExprs([kernel.index, kernel.value], product(grid))
      break
    case 'prefixScan':
    case 'sort':
      countExprs([kernel.value], product(grid))
      if (kernel.kind === 'prefixScan' && isFloat(kernel.value.dtype)) flops += product(grid)
  }
  const size = (buffer: number, elements = Infinity): number => {
    const { dtype, length } = kernel.buffers[buffer]!
    return Math.min(elements, length) * dtypes[dtype].bytes
  }
  let bytes = 0
  for (const [buffer, elements] of read) bytes += size(buffer, elements)
  for (const buffer of writes(kernel)) bytes += size(buffer)
  return { flops, bytes }
}
