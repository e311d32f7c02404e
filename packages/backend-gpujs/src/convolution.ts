/** A convolution whose windows ask nowhere whether they reach over the edge: its input is first copied with the zeros around, and between. */
import { type BufferParam, type Convolution, type Expr, ExprPool, type LoopKernel, product } from '@tenon/kernel'
import { maxLength } from './units.ts'

/** Two kernels, to run in this order, with a temporary after the buffers of the convolution. Null where there is no edge, or no room. */
export interface Padded {
  readonly pad: LoopKernel
  readonly convolution: Convolution
}

export function padded(kernel: Convolution): Padded | null {
  const { batch, groups, inChannels, spatial, x, dtype } = kernel
  const sizes = spatial.map((axis) => (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1)
  const inside = spatial.every((axis, d) => axis.padLow <= 0 && axis.inputDilation === 1 && sizes[d]! - axis.padLow <= axis.input)
  const grid = [batch, groups, inChannels, ...sizes]
  const length = product(grid)
  if (inside || length === 0 || length > maxLength) return null

  const pool = new ExprPool()
  let from: Expr = pool.int(x.offset)
  let to: Expr = pool.int(0)
  let valid: Expr | null = null
  for (const [axis, extent] of grid.entries()) {
    const at = pool.index(axis, extent)
    to = pool.scaleAdd(to, extent, at)
    const { padLow, inputDilation, input } = spatial[axis - 3] ?? { padLow: 0, inputDilation: 1, input: extent }
    const dilated = pool.sub(at, pool.int(padLow))
    const source = pool.binary('idiv', dilated, pool.int(inputDilation))
    valid = pool.and(valid, pool.binary('eq', pool.binary('mod', dilated, pool.int(inputDilation)), pool.int(0)))
    valid = pool.and(valid, pool.binary('le', pool.int(0), source))
    valid = pool.and(valid, pool.binary('lt', source, pool.int(input)))
    from = pool.scaleAdd(source, [x.batch, x.group, x.channel, ...x.spatial][axis]!, from)
  }
  const buffers: BufferParam[] = [...kernel.buffers, { dtype, length }]
  const buffer = kernel.buffers.length
  const stages = [{ kind: 'store', extents: [], buffer, index: to, value: pool.load(dtype, x.buffer, from, valid) }] as const
  const strides = grid.map((_, axis) => product(grid.slice(axis + 1)))
  return {
    pad: { kind: 'loop', buffers, scalars: kernel.scalars, grid, stages },
    convolution: {
      ...kernel,
      buffers,
      spatial: spatial.map((axis, d) => ({ ...axis, input: sizes[d]!, padLow: 0, inputDilation: 1 })),
      x: { buffer, offset: 0, batch: strides[0]!, group: strides[1]!, channel: strides[2]!, spatial: strides.slice(3) },
    },
  }
}
