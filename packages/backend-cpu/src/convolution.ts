/** Convolution as plain loops over typed arrays, summed in double. */
import { type Convolution, product, type SpatialAxis } from '@tenon/kernel'
import type { Frame } from './blocks.ts'
import { compileStores } from './loop-kernel.ts'
import { settle } from './operations.ts'

export function compileConvolution(kernel: Convolution, frame: Frame): () => void {
  const { batch, groups, inChannels, outChannels, spatial, x, w } = kernel
  const outputs = spatial.map((axis) => axis.output)
  const plane = product(outputs)
  const result = new Float64Array(plane)
  frame.registers[0] = result
  const grid = [batch, groups, outChannels, ...outputs]
  const epilogue = compileStores(frame, grid, kernel.stores, (stage) => kernel.stores[stage - 1]!.value)
  const addChannel = compileChannel(kernel, frame, result)
  return () => {
    frame.firstGridPoint = 0
    for (let item = 0; item < batch; item++) {
      for (let group = 0; group < groups; group++) {
        for (let out = 0; out < outChannels; out++) {
          const xStart = x.offset + item * x.batch + group * x.group
          const wStart = w.offset + group * w.group + out * w.out
          result.fill(0)
          for (let c = 0; c < inChannels; c++) addChannel(xStart + c * x.channel, wStart + c * w.in)
          settle[kernel.dtype]?.(result, plane)
          epilogue(plane)
          frame.firstGridPoint += plane
        }
      }
    }
  }
}

/**
 * Adds what one input channel gives to the plane of one output channel, by runs along the last axis that need no checks
 * of bounds. Output o and tap k play the same part in the position o·stride + k·dilation − padLow, so a run goes along
 * the outputs, or, where they are fewer than the taps as in the gradient of the weights, along the taps.
 */
function compileChannel(kernel: Convolution, frame: Frame, result: Float64Array): (x: number, w: number) => void {
  const { spatial } = kernel
  const last = spatial.length - 1
  const outStrides = spatial.map((_, d) => product(spatial.slice(d + 1).map((axis) => axis.output)))
  const alongTaps = last >= 0 && spatial[last]!.kernel > spatial[last]!.output
  const runs = spatial.map((axis, d) => (d === last && alongTaps ? runsOfTaps(axis) : runsOfOutputs(axis)))

  const addRun = (run: Run, out: number, x: number, xStride: number, weight: number): void => {
    const inputs = frame.buffers[kernel.x.buffer]!
    let o = out + run.first
    let i = x + run.input * xStride
    const step = run.inputStep * xStride
    for (let count = run.count; count > 0; count--) {
      result[o]! += weight * inputs[i]!
      o += run.step
      i += step
    }
  }
  const dotRun = (run: Run, x: number, xStride: number, w: number, wStride: number): number => {
    const inputs = frame.buffers[kernel.x.buffer]!
    const weights = frame.buffers[kernel.w.buffer]!
    let sum = 0
    let i = x + run.input * xStride
    let j = w + run.first * wStride
    for (let count = run.count; count > 0; count--) {
      sum += inputs[i]! * weights[j]!
      i += run.inputStep * xStride
      j += run.step * wStride
    }
    return sum
  }

  const addAxis = (d: number, out: number, x: number, w: number): void => {
    const xStride = kernel.x.spatial[d]!
    const wStride = kernel.w.spatial[d]!
    for (const [i, run] of runs[d]!.entries()) {
      if (d < last) {
        for (let n = 0; n < run.count; n++) {
          const o = out + (run.first + n * run.step) * outStrides[d]!
          addAxis(d + 1, o, x + (run.input + n * run.inputStep) * xStride, w + i * wStride)
        }
      } else if (alongTaps) result[out + i]! += dotRun(run, x, xStride, w, wStride)
      else addRun(run, out, x, xStride, frame.buffers[kernel.w.buffer]![w + i * wStride]!)
    }
  }
  if (last >= 0) return (x, w) => addAxis(0, 0, x, w)
  return (x, w) => {
    result[0]! += frame.buffers[kernel.x.buffer]![x]! * frame.buffers[kernel.w.buffer]![w]!
  }
}

/** Places first, first + step, … along an axis, and the inputs that they read. */
interface Run {
  readonly first: number
  readonly step: number
  readonly count: number
  readonly input: number
  readonly inputStep: number
}

/** For each tap, the outputs that it gives something to. */
const runsOfOutputs = (axis: SpatialAxis): Run[] =>
  Array.from({ length: axis.kernel }, (_, k) => run(axis.output, axis.stride, k * axis.dilation - axis.padLow, axis))

/** For each output, the taps that give something to it. */
const runsOfTaps = (axis: SpatialAxis): Run[] =>
  Array.from({ length: axis.output }, (_, o) => run(axis.kernel, axis.dilation, o * axis.stride - axis.padLow, axis))

/** The places p < extent where (p·factor + constant) / inputDilation is a whole number within the input. */
function run(extent: number, factor: number, constant: number, { input, inputDilation }: SpatialAxis): Run {
  const reads = (p: number): number => (p * factor + constant) / inputDilation
  const valid: number[] = []
  for (let p = 0; p < extent; p++) {
    if (Number.isInteger(reads(p)) && reads(p) >= 0 && reads(p) < input) valid.push(p)
  }
  const [first = 0, second = first] = valid
  const inputStep = reads(second) - reads(first)
  return { first, step: second - first, count: valid.length, input: reads(first), inputStep }
}
