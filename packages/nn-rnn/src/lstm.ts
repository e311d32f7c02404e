import { ShapeError, type Tensor } from '@tenon/tensor'
import { lstm } from './recurrence.ts'
import { Recurrent, type RecurrentOptions, type SequenceOptions } from './recurrent.ts'

/** Options of `LSTM`. */
export interface LSTMOptions extends RecurrentOptions {
  /** Makes the state h, and so the output, smaller than H, by a learned projection h = Whr h. Default 0: none. */
  readonly projSize?: number
}

/** What an LSTM remembers: h, which is also its output, and the cell c. */
export interface LSTMState {
  readonly h: Tensor
  readonly c: Tensor
}

/** What `LSTM` gives. */
export interface LSTMResult {
  /** h of the last layer at each step.   [T, B, directions · H] */
  readonly output: Tensor
  /** Of each layer and direction after its last step.   [layers · directions, B, H] */
  readonly state: LSTMState
}

/**
 * With [i, f, g, o] = Wih xₜ + bih + Whh hₜ₋₁ + bhh: cₜ = σ(f) ⊙ cₜ₋₁ + σ(i) ⊙ tanh(g), hₜ = σ(o) ⊙ tanh(cₜ). Parameters begin as
 * U(−1/√H, 1/√H). PyTorch: `torch.nn.LSTM`; Hochreiter & Schmidhuber 1997, Gers et al. 1999, the projection Sak et al. 2014.
 *
 * @throws ShapeError for sizes that are none, an input that is not [T, B, in] ([B, T, in] with batchFirst) or [T, in], no steps, or a state
 * that is not [layers · directions, B, H]; DTypeError if input, state and weights differ; RangeError for a length that is out of range.
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: LSTMOptions = {}) {
    const { projSize = 0 } = options
    if (projSize !== 0 && !(Number.isInteger(projSize) && projSize > 0 && projSize < hiddenSize)) {
      throw new ShapeError(`LSTM: projSize is a whole number below the hidden size ${hiddenSize}, or 0 for none, got ${projSize}`)
    }
    super(lstm, inputSize, hiddenSize, projSize, options)
  }

  /**
   * [T, B, in] → { output: [T, B, directions · H], state: { h, c }, each [layers · directions, B, H] }; without B for one sequence; with a
   * projection, output and h have projSize instead of H. The state begins as 0.
   */
  forward(x: Tensor, state: LSTMState | null = null, options: SequenceOptions = {}): LSTMResult {
    const { output, state: last } = this.run(x, state && [state.h, state.c], options)
    const [h, c] = last as [Tensor, Tensor]
    return { output, state: { h, c } }
  }
}
