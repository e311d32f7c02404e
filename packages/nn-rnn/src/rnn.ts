import type { Tensor } from '@tenon/tensor'
import { type Recurrence, rnn } from './recurrence.ts'
import { Recurrent, type RecurrentOptions, type SequenceOptions } from './recurrent.ts'

/** What an `RNN` applies to its sums. */
export type Nonlinearity = 'tanh' | 'relu'

/** Options of `RNN`. */
export interface RNNOptions extends RecurrentOptions {
  /** Default 'tanh'. */
  readonly nonlinearity?: Nonlinearity
}

/** What an RNN or a GRU gives. */
export interface SequenceResult {
  /** h of the last layer at each step.   [T, B, directions · H] */
  readonly output: Tensor
  /** h of each layer and direction after its last step.   [layers · directions, B, H] */
  readonly state: Tensor
}

/**
 * hₜ = f(Wih xₜ + bih + Whh hₜ₋₁ + bhh), f = tanh or relu. Parameters begin as U(−1/√H, 1/√H). PyTorch: `torch.nn.RNN`; Elman 1990.
 *
 * @throws ShapeError for sizes that are none, an input that is not [T, B, in] ([B, T, in] with batchFirst) or [T, in], no steps, or a state
 * that is not [layers · directions, B, H]; DTypeError if input, state and weights differ; RangeError for a length that is out of range.
 */
export class RNN extends Recurrent {
  readonly nonlinearity: Nonlinearity

  constructor(inputSize: number, hiddenSize: number, options: RNNOptions = {}) {
    const { nonlinearity = 'tanh' } = options
    super(elman('RNN', nonlinearity), inputSize, hiddenSize, 0, options)
    this.nonlinearity = nonlinearity
  }

  /**
   * [T, B, in] → { output: [T, B, directions · H], state: [layers · directions, B, H] }; without B for one sequence. The state begins
   * as 0.
   */
  forward(x: Tensor, state: Tensor | null = null, options: SequenceOptions = {}): SequenceResult {
    const { output, state: last } = this.run(x, state && [state], options)
    return { output, state: last[0]! }
  }

  override extraRepr(): string {
    return this.nonlinearity === 'tanh' ? super.extraRepr() : `${super.extraRepr()}, nonlinearity=${this.nonlinearity}`
  }
}

export function elman(who: string, nonlinearity: Nonlinearity): Recurrence {
  if (!Object.hasOwn(rnn, nonlinearity)) throw new RangeError(`${who}: nonlinearity is 'tanh' or 'relu', got '${String(nonlinearity)}'`)
  return rnn[nonlinearity]
}
