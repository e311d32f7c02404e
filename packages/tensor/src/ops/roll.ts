import { ShapeError } from '@tenon/kernel'
import { normalizeDim } from '../shape.ts'
import type { Dims, Tensor } from '../tensor.ts'
import { concat } from './join.ts'

/**
 * roll(x, shifts, dims): element i of a dimension moves to i + shift, and what leaves at one end enters at the other; without `dims`, of x
 * as one line. Source: torch.roll.   any shape → same
 */
export function roll(x: Tensor, shifts: Dims, dims?: Dims): Tensor {
  if (dims === undefined) return roll(x.flatten(), shifts, 0).reshape(x.shape)
  const [by, along] = [[shifts].flat(), [dims].flat()]
  if (by.length !== along.length || !by.every(Number.isInteger)) {
    throw new ShapeError(`roll takes one whole shift for each dimension, got shifts [${by.join(', ')}] and dims [${along.join(', ')}]`)
  }
  return along.reduce<Tensor>((y, dim, k) => {
    const d = normalizeDim('roll', dim, x.ndim)
    const size = x.shape[d]!
    const cut = size && ((-by[k]! % size) + size) % size
    return cut === 0 ? y : concat([y.slice(d, cut), y.slice(d, 0, cut)], d)
  }, x)
}
