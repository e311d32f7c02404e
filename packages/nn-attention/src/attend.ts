import { isFloat, type Tensor } from '@tenon/tensor'
import { attendByBlocks } from './attend-by-blocks.ts'
import { drop } from './dropout.ts'
import { maskedSoftmax } from './masked-softmax.ts'

/** How attention's weights are made of scores. */
export interface AttendOptions {
  /** In the sense of `maskedSoftmax`. */
  readonly masks: readonly Tensor[]
  readonly isCausal: boolean
  readonly dropout: number
  readonly scale: number
}

/** So many weights may be in memory at a time; where there are more, they are computed by blocks of queries. 64 MiB in float32. */
const mostWeights = 2 ** 24

/**
 * The weights softmax(scale · q kᵀ), [..., T, S], and what they make of the values, [..., T, e]; who needs only these pays for no more. Dropout,
 * and a float mask, whose gradient has a number for each weight, take all weights at once.
 */
export function attend(name: string, q: Tensor, k: Tensor, v: Tensor, options: AttendOptions): { output: Tensor; weights: Tensor } {
  const { masks, isCausal, dropout, scale } = options
  const scores = q.matmul(k.transpose(-2, -1)).mul(scale) // [..., T, S]
  const weights = drop(maskedSoftmax(name, scores, masks, isCausal), dropout)
  const output = weights.matmul(v)
  if (scores.size <= mostWeights || dropout > 0 || masks.some(({ dtype }) => isFloat(dtype))) return { output, weights }
  const lead = output.shape.slice(0, -2)
  const [a, b, c] = [q, k, v].map((x) => x.broadcastTo([...lead, ...x.shape.slice(-2)])) as [Tensor, Tensor, Tensor]
  return { output: attendByBlocks(name, a, b, c, { masks, isCausal, scale, blocks: Math.ceil(scores.size / mostWeights) }), weights }
}
