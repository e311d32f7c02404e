import { arange, type DType, DTypeError, isFloat, logicalAnd, ShapeError, showShape, softmax, type Tensor, where } from '@tenon/tensor'

/** Whether query t may see key s: s ≤ t, compared where it is needed, never stored.   → [T, S], bool */
export const causalMask = (queries: number, keys: number): Tensor => arange(keys).le(arange(queries).unsqueeze(1))

/**
 * What a masked score becomes: finite, so that a row of nothing else has no ∞ − ∞ in its softmax and no NaN in its gradient; what such a row
 * gets from the softmax is zeroed afterwards.
 */
const lowest = (dtype: DType): number => (dtype === 'float64' ? -Number.MAX_VALUE : -3.4028234663852886e38)

/**
 * softmax over the last dimension of the scores that no mask takes out; 0 for the others, and everywhere in a row that has none left. A
 * bool mask says with true what takes part, a float mask is added, its −∞ takes out.   [..., T, S] → same
 */
export function maskedSoftmax(name: string, scores: Tensor, masks: readonly Tensor[], isCausal = false): Tensor {
  let x = scores
  const conditions: Tensor[] = isCausal ? [causalMask(x.shape.at(-2)!, x.shape.at(-1)!)] : []
  for (const mask of masks) {
    checkMask(name, mask, x)
    if (isFloat(mask.dtype)) x = x.add(mask.cast(x.dtype))
    conditions.push(isFloat(mask.dtype) ? mask.ne(Number.NEGATIVE_INFINITY) : mask)
  }
  if (conditions.length === 0) return softmax(x, -1)
  const takesPart = conditions.reduce(logicalAnd)
  const y = softmax(where(takesPart, x, lowest(x.dtype)), -1)
  return masks.length > 0 ? where(takesPart, y, 0) : y // a causal mask alone leaves every query its first key
}

function checkMask(name: string, mask: Tensor, scores: Tensor): void {
  if (mask.dtype !== 'bool' && !isFloat(mask.dtype)) {
    throw new DTypeError(`${name} takes masks that are bool or float, got ${mask.dtype}; compare it, as in mask.ne(0)`)
  }
  const lead = scores.ndim - mask.ndim
  if (lead < 0 || mask.shape.some((size, d) => size !== 1 && size !== scores.shape[d + lead])) {
    throw new ShapeError(`${name} takes a mask that broadcasts to its scores, ${showShape(scores.shape)}, got ${showShape(mask.shape)}`)
  }
}
