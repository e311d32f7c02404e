/** What is in a kernel: its stages, points and expressions, and the buffers it reads and writes. */
import { type Expr, operands } from './expr.ts'
import type { Kernel, Stage } from './kernel.ts'

/** The stages of a kernel that has them: for `Contraction` and `Convolution` those of the epilogue. */
export function stagesOf(kernel: Kernel): readonly Stage[] {
  return kernel.kind === 'loop' ? kernel.stages : 'out' in kernel ? [] : kernel.stores
}

/** The extents of the points that a kernel's stores go over. */
export function gridOf(kernel: Kernel): readonly number[] {
  switch (kernel.kind) {
    case 'loop':
    case 'scatter':
    case 'prefixScan':
    case 'sort':
      return kernel.grid
    case 'contraction':
      return [...kernel.batch, kernel.m, kernel.n]
    case 'convolution':
      return [kernel.batch, kernel.groups, kernel.outChannels, ...kernel.spatial.map((axis) => axis.output)]
  }
}

/** Every expression that stands in a kernel, in the order of its stages. */
export function expressions(kernel: Kernel): Expr[] {
  if (kernel.kind === 'scatter') return [kernel.initial, kernel.index, kernel.value]
  if ('out' in kernel) return [kernel.value]
  return stagesOf(kernel).flatMap((s) => (s.kind === 'store' ? [s.index, s.value] : [s.value]))
}

/** The expressions that these are made of, themselves included: each once, operands first. */
export function distinct(roots: readonly Expr[]): Set<Expr> {
  const seen = new Set<Expr>()
  const visit = (e: Expr): void => {
    if (seen.has(e)) return
    for (const x of operands(e)) visit(x)
    seen.add(e)
  }
  roots.forEach(visit)
  return seen
}

/** The buffer parameters that a kernel loads from. */
export function reads(kernel: Kernel): Set<number> {
  const buffers = new Set<number>()
  for (const e of distinct(expressions(kernel))) if (e.op === 'load') buffers.add(e.buffer)
  if (kernel.kind === 'contraction') buffers.add(kernel.a.buffer).add(kernel.b.buffer)
  if (kernel.kind === 'convolution') buffers.add(kernel.x.buffer).add(kernel.w.buffer)
  return buffers
}

/** The buffer parameters that a kernel stores to. */
export function writes(kernel: Kernel): Set<number> {
  if ('out' in kernel) return new Set([kernel.out])
  return new Set(stagesOf(kernel).flatMap((s) => (s.kind === 'store' ? [s.buffer] : [])))
}
