/**
 * The image that a convolution reads, laid out so that no tap needs a test and no output a multiplication by its stride: with its padding, with zeros
 * between dilated inputs, and taken apart by the phases of the stride. Output o at tap t then reads position(o) + tap(t), both sums over the axes.
 *
 *     image[channel][phase…][position…][lane]
 *
 * Along an axis, the dilated and padded input q = i·inputDilation + padLow lies at phase q mod stride, position q div stride.
 */
import { type Convolution, type Expr, type ExprPool, product, type SpatialAxis } from '@tenon/kernel'
import type { ModuleContext } from '../loops/compile.ts'
import { compilePart, float, type PartAxis, type PartCall, storeTo, strided } from './part.ts'

interface WindowAxis {
  readonly axis: SpatialAxis
  /** Positions that some output reads. */
  readonly positions: number
  /** Inputs that some output reads: first, and one after the last. */
  readonly first: number
  readonly end: number
  /** Elements of the image from one position, or phase, to the next. */
  readonly position: number
  readonly phase: number
}

export interface Window {
  readonly axes: readonly WindowAxis[]
  readonly lanes: number
  /** Elements of one channel. */
  readonly channel: number
  /** Elements from the first output's position to the last one's, and one more. */
  readonly span: number
}

/** `outputs` are those of the first axis that one image is for: all of them, or a block. */
export function windowOf({ spatial }: Convolution, lanes: number, outputs: number = spatial[0]?.output ?? 1): Window {
  const extents = spatial.map((axis, d) => {
    const reach = ((d === 0 ? outputs : axis.output) - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1
    const whole = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation
    const first = Math.max(0, Math.ceil(-axis.padLow / axis.inputDilation))
    const end = Math.max(first, Math.min(axis.input, Math.floor((whole - axis.padLow) / axis.inputDilation) + 1))
    return { axis, positions: Math.ceil(reach / axis.stride), first, end }
  })
  const plane = product(extents.map((e) => e.positions)) * lanes
  const axes = extents.map((e, d): WindowAxis => {
    const position = product(extents.slice(d + 1).map((x) => x.positions)) * lanes
    const phase = product(spatial.slice(d + 1).map((x) => x.stride)) * plane
    return { ...e, position, phase }
  })
  // An odd number of cache lines, so that the same place of many channels does not fall into few sets of the cache.
  const lines = Math.ceil((plane * product(spatial.map((axis) => axis.stride))) / 16)
  const channel = 16 * (lines % 2 === 0 ? lines + 1 : lines)
  const span = axes.reduce((sum, { axis, position }, d) => sum + ((d === 0 ? outputs : axis.output) - 1) * position, 0) + 1
  return { axes, lanes, channel, span }
}

/** Elements between an output's position and where it reads at a tap of a channel. */
function tapOffset(pool: ExprPool, window: Window, channel: Expr, taps: readonly Expr[]): Expr {
  return window.axes.reduce(
    (sum, { axis, position, phase }, d) => {
      const dilated = pool.mul(taps[d]!, pool.int(axis.dilation))
      const stride = pool.int(axis.stride)
      const phases = pool.mul(pool.binary('mod', dilated, stride), pool.int(phase))
      return pool.add(sum, pool.add(phases, pool.mul(pool.binary('idiv', dilated, stride), pool.int(position))))
    },
    pool.mul(channel, pool.int(window.channel)),
  )
}

/** For each k, the bytes between an output's position and where it reads. */
export function compileTapTable(context: ModuleContext, kernel: Convolution, window: Window, channels: number): PartCall {
  const extents = [channels, ...kernel.spatial.map((axis) => axis.kernel)]
  const axes = extents.map((extent) => ({ extent, cut: false }))
  return compilePart(
    context,
    { buffers: [], scalars: [] },
    { dtype: 'int32', length: product(extents) },
    axes,
    (pool, [channel, ...taps], table) => {
      const k = extents.reduce<Expr>((sum, extent, i) => pool.scaleAdd(sum, extent, i === 0 ? channel! : taps[i - 1]!), pool.int(0))
      return [storeTo(table, k, pool.mul(tapOffset(pool, window, channel!, taps), pool.int(float)))]
    },
  )
}

export const positionOf = (pool: ExprPool, window: Window, outputs: readonly Expr[]): Expr =>
  strided(
    pool,
    0,
    window.axes.map((a) => a.position),
    outputs,
  )

/** The same for numbers. */
export const positionAt = (window: Window, outputs: readonly number[]): number =>
  window.axes.reduce((sum, { position }, d) => sum + outputs[d]! * position, 0)

/**
 * Copies images into place; what is not copied is to be zero already. Spans: group, channels, inputs of the first axis (counted from the first
 * one read), images.
 */
export function compileImage(
  context: ModuleContext,
  kernel: Convolution,
  window: Window,
  cut: { channels: boolean; rows: boolean },
): PartCall {
  const { x, spatial } = kernel
  const inputs = window.axes.map(({ first, end }, d): PartAxis => ({ extent: end - first, cut: d === 0 && cut.rows }))
  const axes: PartAxis[] = [
    { extent: kernel.groups, cut: true },
    { extent: kernel.inChannels, cut: cut.channels, scratch: window.channel },
    ...inputs,
    { extent: kernel.batch, cut: true, scratch: window.lanes > 1 ? 1 : 0 },
  ]
  const scratch = { dtype: 'float32', length: window.channel * kernel.inChannels } as const
  return compilePart(context, kernel, scratch, axes, (pool, indices, image) => {
    const [group, channel] = indices as [Expr, Expr]
    const lane = indices.at(-1)!
    const read = window.axes.map(({ first }, d) => pool.add(indices[2 + d]!, pool.int(first)))
    const value = pool.load(
      'float32',
      x.buffer,
      strided(pool, x.offset, [x.batch, x.group, x.channel, ...x.spatial], [lane, group, channel, ...read]),
    )
    const place = read.reduce(
      (sum, i, d) => {
        const { axis, position, phase } = window.axes[d]!
        const q = pool.scaleAdd(i, axis.inputDilation, pool.int(axis.padLow))
        const stride = pool.int(spatial[d]!.stride)
        const share = pool.add(
          pool.mul(pool.binary('mod', q, stride), pool.int(phase)),
          pool.mul(pool.binary('idiv', q, stride), pool.int(position)),
        )
        return pool.add(sum, share)
      },
      pool.scaleAdd(channel, window.channel, window.lanes > 1 ? lane : pool.int(0)),
    )
    return [storeTo(image, place, value)]
  })
}
