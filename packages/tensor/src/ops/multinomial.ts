import { ShapeError } from '@tenon/kernel'
import { toFloat } from '../compose.ts'
import { defaultGenerator, type Generator } from '../generator.ts'
import { sizeOf } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { cumsum } from './cumulative.ts'
import { log1p } from './exponential.ts'
import { clamp } from './extrema.ts'
import { rand } from './random.ts'
import { topk } from './sort.ts'

/** Options of `multinomial`. */
export interface MultinomialOptions {
  /** Whether a position may be drawn again. Default false. */
  readonly replacement?: boolean
  readonly generator?: Generator
}

/**
 * multinomial(weights, k): k positions along the last dimension, int32, position i drawn with probability wᵢ / Σ w. The same seed draws the same
 * positions on every backend, but for draws so near a border that rounding decides. Source: torch.multinomial.   [..., n] → [..., k]
 *
 * Weights are ≥ 0 and finite, with a positive sum. Without replacement those of weight 0 come when all others are drawn.
 *
 * @throws RangeError where weights that are known are not so, or fewer than k are positive and none may be drawn again
 */
export function multinomial(weights: Tensor, numSamples: number, options: MultinomialOptions = {}): Tensor {
  const { replacement = false, generator = defaultGenerator() } = options
  check(weights, numSamples, replacement)
  const w = toFloat(weights)
  return replacement ? withReplacement(w, numSamples, generator) : race(w, numSamples, generator)
}

/** The first i at which the running sum exceeds u · Σ w. Rounding keeps u · Σ w below Σ w, and a weight of 0 exceeds nothing. */
function withReplacement(w: Tensor, k: number, generator: Generator): Tensor {
  const sums = cumsum(w, -1)
  const targets = rand([...w.shape.slice(0, -1), k], { dtype: w.dtype, generator }).mul(sums.slice(-1, -1)) // [..., k]
  return sums.unsqueeze(-2).le(targets.unsqueeze(-1)).sum(-1)
}

/** wᵢ / Eᵢ with exponential Eᵢ are in the order of a draw without replacement (Efraimidis & Spirakis 2006, "Weighted random sampling"). */
function race(w: Tensor, k: number, generator: Generator): Tensor {
  // All 32 bits, and never 0 or 1: the winners are decided by small u, where a float has more digits than 24 bits fill
  const u = clamp(
    generator
      .bits(w.shape)
      .cast(w.dtype)
      .mul(2 ** -32),
    2 ** -33,
    1 - 2 ** -24,
  )
  return topk(w.div(log1p(u.neg()).neg()), k).indices
}

function check(weights: Tensor, k: number, replacement: boolean): void {
  const n = weights.shape.at(-1)
  if (n === undefined || n === 0) throw new ShapeError('multinomial: the weights need a last dimension, of at least one position')
  if (!Number.isInteger(k) || k < 1) throw new ShapeError(`multinomial: numSamples must be a whole number ≥ 1, got ${k}`)
  if (!replacement && k > n) {
    throw new ShapeError(`multinomial: ${k} of ${n} positions cannot be drawn without replacement; pass { replacement: true }`)
  }
  const host = weights.node.storage?.host
  if (!host) return
  const bad = host.find((x) => !(x >= 0 && x < Infinity))
  if (bad !== undefined) throw new RangeError(`multinomial: weights are finite and ≥ 0, got ${bad}`)
  for (let row = 0; row < sizeOf(weights.shape.slice(0, -1)); row++) {
    const positive = host.subarray(row * n, (row + 1) * n).filter((x) => x > 0).length
    if (positive === 0) throw new RangeError(`multinomial: all weights of row ${row} are 0`)
    if (replacement || positive >= k) continue
    const some = `only ${positive} of the weights of row ${row} ${positive === 1 ? 'is' : 'are'} > 0`
    throw new RangeError(`multinomial: ${some}: too few to draw ${k} without replacement`)
  }
}
