/** The same images, labels and first weights for every peer, in PyTorch's layouts. */
import { uniform } from '../random.ts'

export const batchSize = 64
export const batches = 8

export interface Weights {
  readonly [name: string]: { readonly shape: readonly number[]; readonly data: Float32Array }
}

export interface HostBatch {
  /** [64, 1, 28, 28] */
  readonly images: Float32Array
  /** [64] */
  readonly labels: Int32Array
}

/** Ten patterns of 7×7 blocks under noise: as learnable as digits, and no download. */
export const makeBatches = (): readonly HostBatch[] => {
  const random = uniform(1)
  const patterns = Array.from({ length: 10 }, () => Float32Array.from({ length: 49 }, () => random() * 2 - 1))
  return Array.from({ length: batches }, () => {
    const labels = Int32Array.from({ length: batchSize }, () => Math.floor(random() * 10))
    const images = Float32Array.from({ length: batchSize * 784 }, (_, i) => {
      const [row, column] = [Math.floor((i % 784) / 28), i % 28]
      const pattern = patterns[labels[Math.floor(i / 784)]!]!
      return pattern[Math.floor(row / 4) * 7 + Math.floor(column / 4)]! + (random() * 2 - 1)
    })
    return { images, labels }
  })
}

/** As PyTorch starts them: uniform within ±1/√fanIn. The names are those of Tenon's `Sequential`. */
export const makeWeights = (): Weights => {
  const random = uniform(2)
  const layers: readonly (readonly [name: string, shape: readonly number[]])[] = [
    ['0', [16, 1, 3, 3]],
    ['3', [32, 16, 3, 3]],
    ['7', [128, 1568]],
    ['9', [10, 128]],
  ]
  return Object.fromEntries(
    layers.flatMap(([name, shape]) => {
      const fanIn = shape.slice(1).reduce((a, b) => a * b)
      const draw = (shape: readonly number[]) => ({
        shape,
        data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => (random() * 2 - 1) / Math.sqrt(fanIn)),
      })
      return [
        [`${name}.weight`, draw(shape)],
        [`${name}.bias`, draw([shape[0]!])],
      ]
    }),
  )
}
