import { ShapeError, sameShape, showShape, stack, type Tensor } from '@tenon/tensor'

/** Options of `padSequence`. */
export interface PadSequenceOptions {
  /** [B, T, ...] instead of [T, B, ...]. Default false. */
  readonly batchFirst?: boolean
  /** Default 0. */
  readonly paddingValue?: number
}

/**
 * Sequences of unequal length as one tensor, the shorter ones padded at their end: B tensors [Tᵢ, ...] → [T, B, ...], T the longest.
 * PyTorch: `torch.nn.utils.rnn.pad_sequence`.
 *
 * @throws ShapeError if there are none, or they differ in more than the first dimension.
 */
export function padSequence(sequences: readonly Tensor[], options: PadSequenceOptions = {}): Tensor {
  const { batchFirst = false, paddingValue = 0 } = options
  const rest = sequences[0]?.shape.slice(1)
  const other = sequences.find((x) => x.ndim === 0 || !sameShape(x.shape.slice(1), rest!))
  if (!rest || other) {
    const shapes = sequences.map((x) => showShape(x.shape)).join(', ') || 'none'
    throw new ShapeError(`padSequence takes tensors that differ in their first dimension only, got ${shapes}`)
  }
  const steps = Math.max(...sequences.map((x) => x.shape[0]!))
  const padded = sequences.map((x) => x.pad([[0, steps - x.shape[0]!], ...rest.map((): [number, number] => [0, 0])], paddingValue))
  return stack(padded, batchFirst ? 0 : 1)
}
