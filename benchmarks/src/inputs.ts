/** The inputs and first weights of a workload: the same for every peer, in PyTorch's layouts and under its names. */
import { uniform } from './random.ts'

export interface HostTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array | Int32Array
}

export type Inputs = Readonly<Record<string, HostTensor>>

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Uniform numbers within ±bound. */
export const draw = (random: () => number, shape: readonly number[], bound: number): HostTensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, () => (random() * 2 - 1) * bound),
})

export const filled = (shape: readonly number[], value: number): HostTensor => ({
  shape,
  data: new Float32Array(sizeOf(shape)).fill(value),
})

export const integers = (random: () => number, shape: readonly number[], below: number): HostTensor => ({
  shape,
  data: Int32Array.from({ length: sizeOf(shape) }, () => Math.floor(random() * below)),
})

/** A text of `vocabulary` symbols in which the last two say most of what comes next. */
export const makeText = (length: number, vocabulary: number): HostTensor => {
  const random = uniform(3)
  const { data: successors } = integers(random, [vocabulary, 8, 4], vocabulary)
  const data = new Int32Array(length)
  for (let i = 2; i < length; i++) {
    const u = random()
    const choice = u < 0.6 ? 0 : u < 0.8 ? 1 : u < 0.92 ? 2 : 3
    data[i] = successors[data[i - 1]! * 32 + (data[i - 2]! % 8) * 4 + choice]!
  }
  return { shape: [length], data }
}

/** Windows of the text, and the same one symbol further, for the offsets in one row: [batch, length] each. */
export const makeWindows = ({ text, offsets }: Inputs, length: number): ((step: number) => { input: Int32Array; target: Int32Array }) => {
  const [rows, batch] = offsets!.shape as [number, number]
  return (step) => {
    const [input, target] = [new Int32Array(batch * length), new Int32Array(batch * length)]
    for (let b = 0; b < batch; b++) {
      const at = offsets!.data[(step % rows) * batch + b]!
      input.set((text!.data as Int32Array).subarray(at, at + length), b * length)
      target.set((text!.data as Int32Array).subarray(at + 1, at + 1 + length), b * length)
    }
    return { input, target }
  }
}
