import { concat, cos, DTypeError, isFloat, ShapeError, showShape, sin, stack, type Tensor } from '@tenon/tensor'
import type { OffsetOptions } from './positional-encoding.ts'
import { waves } from './waves.ts'

/** Options of `rotaryEmbedding`. */
export interface RotaryOptions extends OffsetOptions {
  /** The wave lengths go from 2π to 2π · base positions. Default 10000. */
  readonly base?: number
  /** Turn neighbours 2i and 2i + 1, as in the paper, not i and i + d / 2, as most models that came after. Default false. */
  readonly interleaved?: boolean
}

/**
 * Turns the pair i of features of position p by the angle p · base^(−2i / d): (a, b) → (a cos − b sin, b cos + a sin). The product of a query
 * and a key that were both turned depends on the distance of their positions alone. Apply it to queries and keys, not to values.
 * [..., T, d] → same. Su et al. 2021, "RoFormer"; not in torch.nn.
 *
 * @throws ShapeError unless there are an even number of features, DTypeError if x is not float.
 */
export function rotaryEmbedding(x: Tensor, { offset = 0, base = 10_000, interleaved = false }: RotaryOptions = {}): Tensor {
  const [length, d] = x.shape.slice(-2)
  if (length === undefined || d === undefined || d % 2 !== 0) {
    throw new ShapeError(`rotaryEmbedding takes [..., T, d] with an even d, got ${showShape(x.shape)}`)
  }
  if (!isFloat(x.dtype)) throw new DTypeError(`rotaryEmbedding takes a float tensor, got ${x.dtype}; cast with x.cast('float32')`)
  const angles = waves('rotaryEmbedding', length, d, base, offset, x.dtype) // [T, d / 2]
  const [c, s] = [cos(angles), sin(angles)]
  const pairs = x.reshape([...x.shape.slice(0, -1), ...(interleaved ? [d / 2, 2] : [2, d / 2])])
  const [a, b] = [pairs.select(interleaved ? -1 : -2, 0), pairs.select(interleaved ? -1 : -2, 1)] // [..., T, d / 2] each
  const turned = [a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s))]
  return interleaved ? stack(turned, -1).reshape(x.shape) : concat(turned, -1)
}
