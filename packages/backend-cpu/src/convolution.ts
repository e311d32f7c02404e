/**
 * Convolution as plain loops over typed arrays, summed in double. What the taps read from one input channel is gathered once
 * (im2col of a channel at a time); then every output channel adds it up along contiguous memory.
 */
import { type Convolution, product, toLoops } from '@tenon/kernel'
import type { Frame } from './blocks.ts'
import { compileLoop, compileStores } from './loop-kernel.ts'
import { settle } from './operations.ts'

/** Gathered taps take 12 bytes each; with more of them than this the loop form has to do. */
const mostPatches = 2 ** 24

export function compileConvolution(kernel: Convolution, frame: Frame): () => void {
  const { batch, groups, inChannels, outChannels, spatial, x, w } = kernel
  const outputs = spatial.map((axis) => axis.output)
  const plane = product(outputs)
  const taps = product(spatial.map((axis) => axis.kernel))
  if (taps * plane > mostPatches) return compileLoop(toLoops(kernel), frame)
  const sums = new Float64Array(outChannels * plane)
  frame.registers[0] = sums
  const grid = [batch, groups, outChannels, ...outputs]
  const epilogue = compileStores(frame, grid, kernel.stores, (stage) => kernel.stores[stage - 1]!.value)

  // The gradient of the weights has few outputs and many taps: the longer of the two is the inner loop.
  const tapsInside = taps > plane
  const sources = readPositions(kernel, tapsInside)
  const patches = new Float64Array(taps * plane)
  const weights = new Float64Array(taps)
  const weightOffsets = coordinates(spatial.map((axis) => axis.kernel)).map((tap) => tap.reduce((at, k, d) => at + k * w.spatial[d]!, 0))

  const gather = (start: number): void => {
    const inputs = frame.buffers[x.buffer]!
    for (let i = 0; i < patches.length; i++) patches[i] = sources[i] === nothing ? 0 : inputs[start + sources[i]!]!
  }
  const addChannel = (out: number, wStart: number): void => {
    const all = frame.buffers[w.buffer]!
    for (let tap = 0; tap < taps; tap++) weights[tap] = all[wStart + weightOffsets[tap]!]!
    if (tapsInside) addDots(sums, out * plane, plane, patches, weights)
    else addMultiples(sums, out * plane, plane, patches, weights)
  }

  return () => {
    frame.firstGridPoint = 0
    for (let item = 0; item < batch; item++) {
      for (let group = 0; group < groups; group++) {
        sums.fill(0)
        for (let c = 0; c < inChannels; c++) {
          gather(x.offset + item * x.batch + group * x.group + c * x.channel)
          const wStart = w.offset + group * w.group + c * w.in
          for (let out = 0; out < outChannels; out++) addChannel(out, wStart + out * w.out)
        }
        settle[kernel.dtype]?.(sums, sums.length)
        epilogue(sums.length)
        frame.firstGridPoint += sums.length
      }
    }
  }
}

/** sums[p] += Σ over taps of patches[tap, p] · weights[tap] */
function addMultiples(sums: Float64Array, start: number, plane: number, patches: Float64Array, weights: Float64Array): void {
  for (let tap = 0; tap < weights.length; tap++) {
    const weight = weights[tap]!
    const row = tap * plane
    for (let p = 0; p < plane; p++) sums[start + p]! += weight * patches[row + p]!
  }
}

/** sums[p] += Σ over taps of patches[p, tap] · weights[tap] */
function addDots(sums: Float64Array, start: number, plane: number, patches: Float64Array, weights: Float64Array): void {
  for (let p = 0; p < plane; p++) {
    const row = p * weights.length
    let sum = 0
    for (let tap = 0; tap < weights.length; tap++) sum += patches[row + tap]! * weights[tap]!
    sums[start + p]! += sum
  }
}

const nothing = -(2 ** 31)

/** Where, in a channel, a tap of an output reads, or `nothing`: in the order [tap, output] or [output, tap]. */
function readPositions({ spatial, x }: Convolution, tapsInside: boolean): Int32Array {
  const outputs = coordinates(spatial.map((axis) => axis.output))
  const taps = coordinates(spatial.map((axis) => axis.kernel))
  const position = (output: readonly number[], tap: readonly number[]): number => {
    let at = 0
    for (const [d, axis] of spatial.entries()) {
      const dilated = output[d]! * axis.stride + tap[d]! * axis.dilation - axis.padLow
      const i = dilated / axis.inputDilation
      if (!Number.isInteger(i) || i < 0 || i >= axis.input) return nothing
      at += i * x.spatial[d]!
    }
    return at
  }
  const positions = new Int32Array(taps.length * outputs.length)
  for (const [t, tap] of taps.entries()) {
    for (const [o, output] of outputs.entries()) {
      positions[tapsInside ? o * taps.length + t : t * outputs.length + o] = position(output, tap)
    }
  }
  return positions
}

/** All coordinates within extents, in row-major order. */
function coordinates(extents: readonly number[]): number[][] {
  const extend = (all: number[][], extent: number): number[][] =>
    all.flatMap((outer) => Array.from({ length: extent }, (_, i) => [...outer, i]))
  return extents.reduce(extend, [[]])
}
