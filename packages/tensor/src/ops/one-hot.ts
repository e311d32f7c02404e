import { ShapeError } from '@tenon/kernel'
import type { Tensor } from '../tensor.ts'
import { arange } from './create.ts'

/** oneHot(index, numClasses): 1 at the index, 0 elsewhere, along a new last dimension; an index out of range gives a row of 0.   [...] → [..., numClasses], float32 */
export function oneHot(index: Tensor, numClasses: number): Tensor {
  if (!Number.isInteger(numClasses) || numClasses < 1)
    throw new ShapeError(`oneHot: numClasses must be a whole number ≥ 1, got ${numClasses}`)
  return index.unsqueeze(-1).eq(arange(numClasses)).cast('float32')
}
