/**
 * The image that a convolution reads, laid out so that no tap needs a test and no output a multiplication by its stride: with its padding, and taken
 * apart by the phases of the stride. Output o at tap t then reads position(o) + tap(t), both sums over the axes.
 *
 *     image[channel][phase…][position…][lane]
 *
 * Along an axis, input i stands at i + padding: at phase (i + padding) mod stride, position (i + padding) div stride.
 */
import { type Convolution, type Expr, type ExprPool, product, type SpatialAxis } from '@tenon/kernel'
import type { ModuleContext } from '../loops/compile.ts'
import { compilePart, float, type PartAxis, type PartCall, storeTo, strided } from './part.ts'

interface WindowAxis {
  readonly axis: SpatialAxis
  readonly padding: number
  /** Where the first tap of the first output reads. */
  readonly shift: number
  readonly positions: number
  /** Phases that some tap reads. */
  readonly phases: number
  /** Positions with inputs that some output reads: first, and one after the last. */
  readonly first: number
  readonly end: number
  /** Whether those have places outside of the input too. */
  readonly isRagged: boolean
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

/** Of a convolution without dilated inputs; `outputs` are those of the first axis that one image is for: all of them, or a block. */
export function windowOf({ spatial }: Convolution, lanes: number, outputs: number = spatial[0]?.output ?? 1): Window {
  const places = spatial.map((axis, d) => placesOf(axis, d === 0 ? outputs : axis.output))
  const plane = product(places.map((e) => e.positions)) * lanes
  const axes = places.map((e, d): WindowAxis => {
    const position = product(places.slice(d + 1).map((x) => x.positions)) * lanes
    const phase = product(places.slice(d + 1).map((x) => x.phases)) * plane
    return { ...e, position, phase }
  })
  // An odd number of cache lines, so that the same place of many channels does not fall into few sets of the cache.
  const lines = Math.ceil((plane * product(places.map((e) => e.phases))) / 16)
  const channel = 16 * (lines % 2 === 0 ? lines + 1 : lines)
  const span = axes.reduce((sum, { axis, position }, d) => sum + ((d === 0 ? outputs : axis.output) - 1) * position, 0) + 1
  return { axes, lanes, channel, span }
}

function placesOf(axis: SpatialAxis, outputs: number): Omit<WindowAxis, 'position' | 'phase'> {
  const { stride, input, padLow } = axis
  const lastTap = (axis.kernel - 1) * axis.dilation
  // Taps that reach all phases may begin anywhere: there, padding by whole strides leaves fewer positions that are partly outside.
  const shift = lastTap + 1 < stride ? 0 : ((-padLow % stride) + stride) % stride
  const padding = padLow + shift
  const phases = Math.min(stride, lastTap + 1)
  const positionsFor = (count: number): number => Math.ceil(((count - 1) * stride + lastTap + shift + 1) / stride)
  const first = Math.max(0, Math.floor(padding / stride))
  const end = Math.max(first, Math.min(positionsFor(axis.output), Math.ceil((input + padding) / stride)))
  const isRagged = first * stride < padding || (end - 1) * stride + phases > input + padding
  return { axis, padding, shift, positions: positionsFor(outputs), phases, first, end, isRagged }
}

/** Elements between an output's position and where it reads at a tap of a channel. */
function tapOffset(pool: ExprPool, window: Window, channel: Expr, taps: readonly Expr[]): Expr {
  return window.axes.reduce(
    (sum, { axis, shift, position, phase }, d) => {
      const dilated = pool.scaleAdd(taps[d]!, axis.dilation, pool.int(shift))
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
 * Copies images into place; what is not copied is to be zero already. Spans: group, channels, positions of the first axis (counted from the first
 * with inputs), images.
 */
export function compileImage(
  context: ModuleContext,
  kernel: Convolution,
  window: Window,
  cut: { channels: boolean; rows: boolean },
): PartCall {
  const { x } = kernel
  const axes: PartAxis[] = [
    { extent: kernel.groups, cut: true },
    { extent: kernel.inChannels, cut: cut.channels, scratch: window.channel },
    ...window.axes.map(({ first, end }, d): PartAxis => ({ extent: end - first, cut: d === 0 && cut.rows })),
    { extent: kernel.batch, cut: true, scratch: window.lanes > 1 ? 1 : 0 },
    ...window.axes.map(({ phases }): PartAxis => ({ extent: phases, cut: false })),
  ]
  const scratch = { dtype: 'float32', length: window.channel * kernel.inChannels } as const
  return compilePart(context, kernel, scratch, axes, (pool, indices, image) => {
    const [group, channel] = indices as [Expr, Expr]
    const lane = indices[2 + window.axes.length]!
    let valid: Expr | null = null
    let place = pool.scaleAdd(channel, window.channel, window.lanes > 1 ? lane : pool.int(0))
    const read = window.axes.map(({ axis, padding, first, isRagged, position, phase }, d) => {
      const [at, inPhase] = [pool.add(indices[2 + d]!, pool.int(first)), indices[3 + window.axes.length + d]!]
      const i = pool.scaleAdd(at, axis.stride, pool.add(inPhase, pool.int(0 - padding)))
      if (isRagged) valid = pool.and(pool.and(valid, pool.binary('le', pool.int(0), i)), pool.binary('lt', i, pool.int(axis.input)))
      place = pool.add(place, pool.scaleAdd(at, position, pool.mul(inPhase, pool.int(phase))))
      return i
    })
    const index = strided(pool, x.offset, [x.batch, x.group, x.channel, ...x.spatial], [lane, group, channel, ...read])
    return [storeTo(image, place, pool.load('float32', x.buffer, index, valid))]
  })
}
