/** What the kernels are given, the same for every peer, in PyTorch's layouts. */
import { uniform } from '../random.ts'

/** A product of two square matrices of this size: a state S, which becomes S · Q. */
export const matmulSize = 256

const draw = (random: () => number, length: number, size: number): Float32Array =>
  Float32Array.from({ length }, () => (random() * 2 - 1) * size)

export interface Matrices {
  readonly state: Float32Array
  /** A reflection, I − 2vvᵀ with |v| = 1, so that the state neither grows nor vanishes. */
  readonly reflection: Float32Array
}

export const makeMatrices = (): Matrices => {
  const random = uniform(1)
  const n = matmulSize
  const state = draw(random, n * n, 1)
  const v = draw(random, n, 1)
  const square = v.reduce((total, x) => total + x * x, 0)
  const reflection = Float32Array.from({ length: n * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n]
    return Number(row === column) - (2 * v[row]! * v[column]!) / square
  })
  return { state, reflection }
}

/**
 * A layer y = relu(conv(x, w) + b) of 3×3 windows and padding 1, whose loss is the mean of (y − target)². All three of its gradients are
 * taken, and used: w and b learn at one rate and x at another, so that the losses that follow show each.
 */
export const conv = { batch: 8, channels: 8, size: 14, features: 16, window: 3 } as const
export const learningRate = 0.1
export const inputRate = 100

export interface ConvTensors {
  /** [8, 8, 14, 14] */
  readonly x: Float32Array
  /** [16, 8, 3, 3] */
  readonly weight: Float32Array
  /** [16] */
  readonly bias: Float32Array
  /** [8, 16, 14, 14] */
  readonly target: Float32Array
}

export const makeConvTensors = (): ConvTensors => {
  const random = uniform(2)
  const { batch, channels, size, features, window } = conv
  const bound = 1 / Math.sqrt(channels * window ** 2)
  return {
    x: draw(random, batch * channels * size ** 2, 1),
    weight: draw(random, features * channels * window ** 2, bound),
    bias: draw(random, features, bound),
    target: draw(random, batch * features * size ** 2, 1),
  }
}
