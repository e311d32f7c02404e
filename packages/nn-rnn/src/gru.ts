import type { Tensor } from '@tenon/tensor'
import { gru } from './recurrence.ts'
import { Recurrent, type RecurrentOptions, type SequenceOptions } from './recurrent.ts'
import type { SequenceResult } from './rnn.ts'

/**
 * r = σ(Wir xₜ + bir + Whr hₜ₋₁ + bhr), z likewise, n = tanh(Win xₜ + bin + r ⊙ (Whn hₜ₋₁ + bhn)), hₜ = (1 − z) ⊙ n + z ⊙ hₜ₋₁; the weights
 * hold the rows of r, z and n in this order. Parameters begin as U(−1/√H, 1/√H). PyTorch: `torch.nn.GRU`; Cho et al. 2014.
 *
 * @throws ShapeError for sizes that are none, an input that is not [T, B, in] ([B, T, in] with batchFirst) or [T, in], no steps, or a state
 * that is not [layers · directions, B, H]; DTypeError if input, state and weights differ; RangeError for a length that is out of range.
 */
export class GRU extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options: RecurrentOptions = {}) {
    super(gru, inputSize, hiddenSize, 0, options)
  }

  /**
   * [T, B, in] → { output: [T, B, directions · H], state: [layers · directions, B, H] }; without B for one sequence. The state begins
   * as 0.
   */
  forward(x: Tensor, state: Tensor | null = null, options: SequenceOptions = {}): SequenceResult {
    const { output, state: last } = this.run(x, state && [state], options)
    return { output, state: last[0]! }
  }
}
