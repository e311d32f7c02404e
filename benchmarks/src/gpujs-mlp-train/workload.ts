/** The same net, batches and first weights for every peer. Weights are [out, in], as PyTorch has them. */
import { uniform } from '../random.ts'

export const batchSize = 32
export const inputs = 64
export const hidden = 64
export const classes = 10
export const learningRate = 0.1
const batches = 8

export interface HostBatch {
  /** [32, 64], in [0, 1) */
  readonly inputs: Float32Array
  /** [32] */
  readonly labels: Int32Array
}

/** Ten patterns under noise. */
export const makeBatches = (): readonly HostBatch[] => {
  const random = uniform(1)
  const patterns = Array.from({ length: classes }, () => Float32Array.from({ length: inputs }, random))
  return Array.from({ length: batches }, () => {
    const labels = Int32Array.from({ length: batchSize }, () => Math.floor(random() * classes))
    return {
      labels,
      inputs: Float32Array.from(
        { length: batchSize * inputs },
        (_, i) => (patterns[labels[Math.floor(i / inputs)]!]![i % inputs]! + random()) / 2,
      ),
    }
  })
}

export interface HostLayer {
  readonly weight: Float32Array
  readonly bias: Float32Array
}

/** Uniform within ±1/√fanIn. */
export const makeLayers = (): readonly [HostLayer, HostLayer] => {
  const random = uniform(2)
  const layer = (fanIn: number, fanOut: number): HostLayer => {
    const draw = (length: number) => Float32Array.from({ length }, () => (random() * 2 - 1) / Math.sqrt(fanIn))
    return { weight: draw(fanOut * fanIn), bias: draw(fanOut) }
  }
  return [layer(inputs, hidden), layer(hidden, classes)]
}
