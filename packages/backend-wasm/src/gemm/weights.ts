/** The weights of a convolution as the A of a product: rows are output channels, k runs over channels and taps. */
import { type Convolution, product } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'
import { plus, times, type Writer } from '../assembler/writer.ts'
import type { ModuleContext } from '../loops/compile.ts'
import { compilePart, float, oneOf, storeTo, strided } from './part.ts'

export interface Weights {
  /** Bytes from row to row, from channel to channel, and from one k to the next. */
  readonly row: number
  readonly channel: number
  readonly step: number
  readonly scratchBytes: number
  /** Writes what packs the weights of a group, where they are packed. */
  pack(w: Writer, args: I32, scratch: I32, group: I32): void
  /** Where those of a group begin. */
  at(args: I32, scratch: I32, group: I32): I32
}

export const tapsOf = ({ spatial }: Convolution): number => product(spatial.map((axis) => axis.kernel))

/** `apart` when no product goes over more than one channel. */
export function weightsOf(context: ModuleContext, kernel: Convolution, apart = false): Weights {
  const { w: view } = kernel
  const step = uniformStep(apart ? { ...kernel, inChannels: 1 } : kernel)
  if (step !== null) {
    return {
      row: view.out * float,
      channel: view.in * float,
      step: step * float,
      scratchBytes: 0,
      pack: () => {},
      at: (args, _, group) => plus(i32.load(args, 4 * view.buffer), i32.const(view.offset * float), times(group, view.group * float)),
    }
  }
  const k = kernel.inChannels * tapsOf(kernel)
  const inner = [kernel.inChannels, ...kernel.spatial.map((axis) => axis.kernel)]
  const axes = [kernel.groups, kernel.outChannels, ...inner].map((extent, axis) => ({ extent, cut: axis === 0 }))
  const length = kernel.outChannels * k
  const part = compilePart(context, kernel, { dtype: 'float32', length }, axes, (pool, [group, ...rest], packed) => {
    const strides = [view.group, view.out, view.in, ...view.spatial]
    const value = pool.load('float32', view.buffer, strided(pool, view.offset, strides, [group!, ...rest]))
    const places = [k, ...inner.map((_, i) => product(inner.slice(i + 1)))]
    return [storeTo(packed, strided(pool, 0, places, rest), value)]
  })
  return {
    row: k * float,
    channel: tapsOf(kernel) * float,
    step: float,
    scratchBytes: length * float,
    pack: (w, args, scratch, group) => part(w, args, scratch, [oneOf(group), ...axes.slice(1).map(() => null)]),
    at: (_, scratch) => scratch,
  }
}

/** The stride of k, where channels and taps follow one another evenly. */
export function uniformStep({ inChannels, spatial, w }: Convolution): number | null {
  const extents = [inChannels, ...spatial.map((axis) => axis.kernel)]
  const strides = [w.in, ...w.spatial]
  let step: number | null = null
  let inner = 1
  for (let i = extents.length - 1; i >= 0; i--) {
    if (extents[i] === 1) continue
    step ??= strides[i]!
    if (strides[i] !== step * inner) return null
    inner *= extents[i]!
  }
  return step ?? 1
}
