/** What a scan starts from, and where its inputs lie; its body is a graph of its own. */
import type { Fusion } from '../fuse.ts'
import { regionsOf, type ScanAttrs } from '../primitives.ts'
import { sizeOf, stridesOf } from '../shape.ts'
import { Emitter, type Lowered, MustWrite, write } from './emitter.ts'
import { lowerInto } from './loops.ts'

/** Where an input of a scan lies: the part of one step begins at element offset + step · stride of a value in memory. */
export interface StepView {
  readonly base: number
  readonly offset: number
  readonly stride: number
}

/** A scan: the kernels that put its first carries in their place, and where its other inputs lie. */
export interface LoweredScan {
  readonly starts: readonly Lowered[]
  readonly views: readonly StepView[]
}

export function lowerScan(fusion: Fusion, position: number): LoweredScan {
  const { inputs, attrs } = fusion.items[position]!
  const { length, reverse, carries, xs } = attrs as ScanAttrs
  const regions = regionsOf(attrs as ScanAttrs)
  for (;;) {
    try {
      const starts = inputs.slice(0, carries).flatMap((input, i) => {
        const { start, shape } = regions[i]!
        const size = sizeOf(shape)
        return size === 0 ? [] : [lowerInto(fusion, input, { position, offset: start + (reverse ? length * size : 0) })]
      })
      return { starts, views: inputs.slice(carries).map((input, i) => stepView(fusion, input, i < xs)) }
    } catch (signal) {
      if (!(signal instanceof MustWrite)) throw signal
      write(fusion, signal.position)
    }
  }
}

/** A value, or with `stepped` each entry of its first dimension, that lies in one piece. */
function stepView(fusion: Fusion, position: number, stepped: boolean): StepView {
  const { op, shape, size } = fusion.items[position]!
  if (op === 'const' || size === 0) return { base: position, offset: 0, stride: 0 }
  const emitter = new Emitter(fusion)
  const { buffer, offset, strides } = emitter.view(position)
  const inner = stepped ? 1 : 0
  const whole = stridesOf(shape)
  if (shape.some((n, d) => d >= inner && n !== 1 && strides[d] !== whole[d])) throw new MustWrite(position)
  return { base: emitter.positions[buffer]!, offset, stride: stepped ? strides[0]! : 0 }
}
