/** Convolution as plain loops over typed arrays, summed in double. */
import type { Convolution, SpatialAxis, TypedArray } from '@tenon/kernel'
import { type Frame, product } from './blocks.ts'
import { type Block, settle } from './operations.ts'
import { compileStores } from './loop-kernel.ts'

/** Places first, first + step, … along one axis, and the inputs that they read: a run without bounds to check. */
interface Run {
  readonly first: number
  readonly step: number
  readonly count: number
  readonly input: number
  readonly inputStep: number
}

export function compileConvolution(kernel: Convolution, frame: Frame): () => void {
  const { batch, groups, inChannels, outChannels, spatial, x, w } = kernel
  const outputs = spatial.map((axis) => axis.output)
  const plane = product(outputs)
  const result: Block = (frame.registers[0] = new Float64Array(plane))
  const epilogue = compileStores(frame, [batch, groups, outChannels, ...outputs], kernel.stores, (stage) => kernel.stores[stage - 1]!.value)
  const correlate = compilePlane(kernel)
  return () => {
    const inputs = frame.buffers[x.buffer]!
    const weights = frame.buffers[w.buffer]!
    let planes = 0
    for (let item = 0; item < batch; item++) {
      for (let group = 0; group < groups; group++) {
        for (let out = 0; out < outChannels; out++) {
          result.fill(0)
          for (let c = 0; c < inChannels; c++) {
            const xStart = x.offset + item * x.batch + group * x.group + c * x.channel
            correlate(result, inputs, xStart, weights, w.offset + group * w.group + out * w.out + c * w.in)
          }
          settle[kernel.dtype]?.(result, plane)
          frame.firstGridPoint = planes++ * plane
          epilogue(plane)
        }
      }
    }
  }
}

/** Adds what one input channel gives to one output channel. */
type Plane = (out: Block, inputs: TypedArray, xStart: number, weights: TypedArray, wStart: number) => void

/**
 * Output o and tap k play the same part in the position o·stride + k·dilation − padLow. The last axis is walked in its longer direction:
 * along the outputs, or, where the weights are large and the outputs few as in the gradient of the weights, along the taps.
 */
function compilePlane({ spatial, x, w }: Convolution): Plane {
  const last = spatial.length - 1
  const outStrides = spatial.map((_, d) => product(spatial.slice(d + 1).map((axis) => axis.output)))
  const alongTaps = spatial.map((axis, d) => d === last && axis.kernel > axis.output)
  const runs = spatial.map((axis, d) =>
    alongTaps[d]
      ? Array.from({ length: axis.output }, (_, o) => tapRun(axis, o))
      : Array.from({ length: axis.kernel }, (_, k) => outputRun(axis, k)),
  )

  const visit = (d: number, out: Block, o: number, inputs: TypedArray, xAt: number, weights: TypedArray, wAt: number): void => {
    if (d > last) {
      out[o]! += inputs[xAt]! * weights[wAt]!
      return
    }
    const xStride = x.spatial[d]!
    const wStride = w.spatial[d]!
    const outStride = outStrides[d]!
    runs[d]!.forEach((run, other) => {
      const xFirst = xAt + run.input * xStride
      const xStep = run.inputStep * xStride
      if (alongTaps[d]) {
        out[o + other * outStride]! += dot(inputs, xFirst, xStep, weights, wAt + run.first * wStride, run.step * wStride, run.count)
      } else if (d === last) {
        addMultiple(out, o + run.first, run.step, weights[wAt + other * wStride]!, inputs, xFirst, xStep, run.count)
      } else {
        for (let i = 0; i < run.count; i++) {
          visit(d + 1, out, o + (run.first + i * run.step) * outStride, inputs, xFirst + i * xStep, weights, wAt + other * wStride)
        }
      }
    })
  }
  return (out, inputs, xStart, weights, wStart) => visit(0, out, 0, inputs, xStart, weights, wStart)
}

function addMultiple(out: Block, o: number, oStep: number, factor: number, inputs: TypedArray, x: number, xStep: number, count: number): void {
  for (let i = 0; i < count; i++, o += oStep, x += xStep) out[o]! += factor * inputs[x]!
}

function dot(inputs: TypedArray, x: number, xStep: number, weights: TypedArray, w: number, wStep: number, count: number): number {
  let sum = 0
  for (let i = 0; i < count; i++, x += xStep, w += wStep) sum += inputs[x]! * weights[w]!
  return sum
}

const outputRun = (axis: SpatialAxis, tap: number): Run =>
  makeRun(axis.output, axis.stride, tap * axis.dilation - axis.padLow, axis)

const tapRun = (axis: SpatialAxis, output: number): Run =>
  makeRun(axis.kernel, axis.dilation, output * axis.stride - axis.padLow, axis)

/** The places p, 0 ≤ p < extent, where (p·factor + constant) / inputDilation is a whole number within the input. */
function makeRun(extent: number, factor: number, constant: number, { input, inputDilation }: SpatialAxis): Run {
  const reads = (p: number): number => (p * factor + constant) / inputDilation
  const valid: number[] = []
  for (let p = 0; p < extent; p++) {
    const at = reads(p)
    if (Number.isInteger(at) && at >= 0 && at < input) valid.push(p)
  }
  const [first = 0, second = first] = valid
  return { first, step: second - first, count: valid.length, input: reads(first), inputStep: reads(second) - reads(first) }
}
