import { arange, DTypeError, isTensor, ShapeError, showShape, type Tensor, tensor } from '@tenon/tensor'

/** Steps of each sequence of a batch: whole numbers, or an int32 tensor [B], which may change from call to call under jit. */
export type Lengths = readonly number[] | Tensor

/**
 * Whether a sequence has a step: true up to its length, false beyond.   [T, B, 1]
 *
 * @throws ShapeError for another number of lengths than of sequences, DTypeError unless a tensor of them is int32, RangeError for a
 * length below 1 or beyond T, where it is known without computing.
 */
export function stepMask(path: string, lengths: Lengths, steps: number, batch: number): Tensor {
  const given = isTensor(lengths) ? lengths.shape : [lengths.length]
  if (given.length !== 1 || given[0] !== batch) {
    throw new ShapeError(`${path} expects one length for each of ${batch} sequences, got lengths of shape ${showShape(given)}`)
  }
  if (isTensor(lengths) && lengths.dtype !== 'int32') {
    throw new DTypeError(`${path} expects lengths as int32, got ${lengths.dtype}; cast them with x.cast('int32')`)
  }
  const known = isTensor(lengths) ? lengths.node.storage?.host : lengths
  const wrong = known?.findIndex((length) => !Number.isInteger(length) || length < 1 || length > steps) ?? -1
  if (wrong >= 0) {
    throw new RangeError(
      `${path} expects lengths between 1 and the ${steps} steps of the input, got ${known![wrong]} for sequence ${wrong}`,
    )
  }
  const ends = isTensor(lengths) ? lengths : tensor(Int32Array.from(lengths))
  return arange(steps).unsqueeze(1).lt(ends).unsqueeze(2) // [T, 1] < [B]
}
