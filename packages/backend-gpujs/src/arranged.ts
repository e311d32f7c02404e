/** What products and convolutions read, copied first to where it is read best: a small kernel beside theirs. */
import {
  type BufferParam,
  type Contraction,
  type Convolution,
  type Expr,
  ExprPool,
  type LoopKernel,
  type MatrixView,
  product,
} from '@tenon/kernel'
import { maxLength } from './units.ts'

/** The copies, and then the kernel that reads them. All have the same buffers: the kernel's own, and the copies after them. */
export interface Arranged<K extends Contraction | Convolution> {
  readonly copies: readonly LoopKernel[]
  readonly kernel: K
}

const rowMajor = (extents: readonly number[]): number[] => extents.map((_, axis) => product(extents.slice(axis + 1)))

/** A kernel that fills `buffer` row by row. */
function filling(buffers: readonly BufferParam[], buffer: number, grid: readonly number[], value: (p: ExprPool) => Expr): LoopKernel {
  const pool = new ExprPool()
  const index = rowMajor(grid).reduce((sum, stride, axis) => pool.scaleAdd(pool.index(axis, grid[axis]!), stride, sum), pool.int(0))
  return { kind: 'loop', buffers, scalars: [], grid, stages: [{ kind: 'store', extents: [], buffer, index, value: value(pool) }] }
}

/**
 * The input of a convolution with the zeros around it, and between its numbers, so that no window asks where it is. Null where there are
 * none, or no room.
 */
export function padded(kernel: Convolution): Arranged<Convolution> | null {
  const { batch, groups, inChannels, spatial, x, dtype } = kernel
  const sizes = spatial.map((axis) => (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1)
  const inside = spatial.every((axis, d) => axis.padLow <= 0 && axis.inputDilation === 1 && sizes[d]! - axis.padLow <= axis.input)
  const grid = [batch, groups, inChannels, ...sizes]
  const length = product(grid)
  if (inside || length === 0 || length > maxLength) return null

  const buffer = kernel.buffers.length
  const buffers = [...kernel.buffers, { dtype, length }]
  const [ofBatch, ofGroup, ofChannel, ...strides] = rowMajor(grid)
  const pad = filling(buffers, buffer, grid, (p) => {
    let valid: Expr | null = null
    let from = p.int(x.offset)
    for (const [axis, stride] of [x.batch, x.group, x.channel].entries()) from = p.scaleAdd(p.index(axis, grid[axis]!), stride, from)
    for (const [d, { padLow, inputDilation, input }] of spatial.entries()) {
      const dilated = p.sub(p.index(3 + d, sizes[d]!), p.int(padLow))
      const source = p.binary('idiv', dilated, p.int(inputDilation))
      valid = p.and(valid, p.binary('eq', p.binary('mod', dilated, p.int(inputDilation)), p.int(0)))
      valid = p.and(valid, p.binary('le', p.int(0), source))
      valid = p.and(valid, p.binary('lt', source, p.int(input)))
      from = p.scaleAdd(source, x.spatial[d]!, from)
    }
    return p.load(dtype, x.buffer, from, valid)
  })
  return {
    copies: [pad],
    kernel: {
      ...kernel,
      buffers,
      spatial: spatial.map((axis, d) => ({ ...axis, input: sizes[d]!, padLow: 0, inputDilation: 1 })),
      x: { buffer, offset: 0, batch: ofBatch!, group: ofGroup!, channel: ofChannel!, spatial: strides },
    },
  }
}

/** Smaller matrices stay in the fastest cache, however they are read, and a copy is worth it for so many uses. */
const worthCopying = { length: 2 ** 14, uses: 16 }

/** Both matrices of a product in rows along k, which caches keep as they do not columns. Null where nothing is to be gained. */
export function packed(kernel: Contraction): Arranged<Contraction> | null {
  const { m, n, k, dtype } = kernel
  const buffers = [...kernel.buffers]
  const added: ((all: readonly BufferParam[]) => LoopKernel)[] = []
  /** `rows` of it are along k, and each is used so many times; strides are those of a step along k, and to the next row. */
  const pack = (view: MatrixView, rows: number, uses: number, along: number, next: number): MatrixView | null => {
    const batch = kernel.batch.map((extent, axis) => (view.batchStrides[axis] === 0 ? 1 : extent))
    const grid = [...batch, rows, k]
    const length = product(grid)
    if (Math.abs(along) <= 1 || rows * k < worthCopying.length || uses < worthCopying.uses || length > maxLength) return null
    const buffer = buffers.push({ dtype, length }) - 1
    const strides = [...view.batchStrides, next, along]
    added.push((all) =>
      filling(all, buffer, grid, (p) => {
        const from = strides.reduce((sum, stride, axis) => p.scaleAdd(p.index(axis, grid[axis]!), stride, sum), p.int(view.offset))
        return p.load(dtype, view.buffer, from)
      }),
    )
    const batchStrides = rowMajor(grid)
      .slice(0, -2)
      .map((stride, axis) => (batch[axis] === 1 ? 0 : stride))
    return { buffer, offset: 0, batchStrides, rowStride: 0, columnStride: 0 }
  }
  const a = pack(kernel.a, m, n, kernel.a.columnStride, kernel.a.rowStride)
  const b = pack(kernel.b, n, m, kernel.b.rowStride, kernel.b.columnStride)
  if (!a && !b) return null
  return {
    copies: added.map((copy) => copy(buffers)),
    kernel: {
      ...kernel,
      buffers,
      a: a ? { ...a, rowStride: k, columnStride: 1 } : kernel.a,
      b: b ? { ...b, rowStride: 1, columnStride: k } : kernel.b,
    },
  }
}
