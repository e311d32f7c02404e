/** The loop form of contractions and convolutions: their meaning, and what a backend runs that has nothing better. */

import type { Expr } from './expr.ts'
import type { Contraction, Convolution, LoopKernel, MatrixView, ReduceStage, StoreStage } from './kernel.ts'
import { ExprPool } from './pool.ts'
import { rebuild } from './rebuild.ts'

/** The same as a plain loop, for a backend that has nothing better. */
export function toLoops(kernel: Contraction | Convolution): LoopKernel {
  const pool = new ExprPool()
  const { grid, sum } = kernel.kind === 'contraction' ? contractionSum(pool, kernel) : convolutionSum(pool, kernel)
  const copy = rebuild(pool)
  const stores = kernel.stores.map((s): StoreStage => ({ ...s, index: copy(s.index), value: copy(s.value) }))
  return { kind: 'loop', buffers: kernel.buffers, scalars: kernel.scalars, grid, stages: [sum, ...stores] }
}

interface Sum {
  readonly grid: readonly number[]
  readonly sum: ReduceStage
}

function contractionSum(pool: ExprPool, kernel: Contraction): Sum {
  const { batch, m, n, k, dtype } = kernel
  const row = pool.index(batch.length, m)
  const column = pool.index(batch.length + 1, n)
  const inner = pool.index(batch.length + 2, k)
  const element = (view: MatrixView, i: Expr, j: Expr): Expr => {
    const strides = [...view.batchStrides, view.rowStride, view.columnStride]
    const axes = [...batch.map((extent, axis) => pool.index(axis, extent)), i, j]
    return pool.load(dtype, view.buffer, strided(pool, view.offset, strides, axes))
  }
  const value = pool.mul(element(kernel.a, row, inner), element(kernel.b, inner, column))
  return { grid: [...batch, m, n], sum: { kind: 'reduce', op: 'sum', extents: [k], value, dtype } }
}

function convolutionSum(pool: ExprPool, kernel: Convolution): Sum {
  const { dtype, spatial, x, w } = kernel
  const grid = [kernel.batch, kernel.groups, kernel.outChannels, ...spatial.map((axis) => axis.output)]
  const extents = [kernel.inChannels, ...spatial.map((axis) => axis.kernel)]
  const [batch, group, out, ...position] = grid.map((extent, i) => pool.index(i, extent))
  const [channel, ...tap] = extents.map((extent, i) => pool.index(grid.length + i, extent))

  let valid: Expr | null = null
  const source = spatial.map((axis, d) => {
    const dilated = pool.add(pool.scaleAdd(position[d]!, axis.stride, pool.int(-axis.padLow)), pool.mul(tap[d]!, pool.int(axis.dilation)))
    const step = pool.int(axis.inputDilation)
    const p = pool.binary('idiv', dilated, step)
    valid = pool.and(valid, pool.binary('eq', pool.binary('mod', dilated, step), pool.int(0)))
    valid = pool.and(valid, pool.binary('le', pool.int(0), p))
    valid = pool.and(valid, pool.binary('lt', p, pool.int(axis.input)))
    return p
  })
  const xStrides = [x.batch, x.group, x.channel, ...x.spatial]
  const wStrides = [w.group, w.out, w.in, ...w.spatial]
  const xIndex = strided(pool, x.offset, xStrides, [batch!, group!, channel!, ...source])
  const wIndex = strided(pool, w.offset, wStrides, [group!, out!, channel!, ...tap])
  const value = pool.mul(pool.load(dtype, x.buffer, xIndex, valid), pool.load(dtype, w.buffer, wIndex))
  return { grid, sum: { kind: 'reduce', op: 'sum', extents, value, dtype } }
}

const strided = (pool: ExprPool, offset: number, strides: readonly number[], axes: readonly Expr[]): Expr =>
  axes.reduce((sum, axis, i) => pool.scaleAdd(axis, strides[i]!, sum), pool.int(offset))
