/** Drawing the next token from a model's scores, on the host: a vocabulary of characters has about a hundred. */

export interface SamplingOptions {
  /** What scores are divided by: below 1 the likely tokens become likelier, above 1 the unlikely ones; 0 takes the likeliest. */
  readonly temperature: number
  /** How many of the likeliest tokens may be drawn; null for all. */
  readonly topK: number | null
  /** Uniform in [0, 1): `randomSource(seed).next` of @tenon/datasets. */
  readonly random: () => number
}

/**
 * A token, drawn with the probabilities softmax(logits / temperature) among the `topK` likeliest. Of equal scores the first
 * tokens count as likelier.
 *
 * @throws RangeError if no token can be drawn: there is none, or a score is NaN
 */
export const sampleToken = (logits: Float32Array, { temperature, topK, random }: SamplingOptions): number => {
  const ranked = Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b)
  const [likeliest] = ranked
  if (likeliest === undefined) throw new RangeError('sampleToken: there are no scores, so there is no token to draw')
  if (logits.some(Number.isNaN)) throw new RangeError('sampleToken: a score is NaN; the model has diverged')
  if (temperature === 0) return likeliest
  const candidates = ranked.slice(0, topK ?? ranked.length)
  // The largest exponent is 0, so that none overflows.
  const weights = candidates.map((token) => Math.exp((logits[token]! - logits[likeliest]!) / temperature))
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
  const drawn = weights.findIndex((weight) => (left -= weight) < 0)
  return candidates[drawn] ?? likeliest // Rounding can leave a rest of the sum, but never at the likeliest's cost.
}
