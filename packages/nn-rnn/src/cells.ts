/** One step at a time, for loops of one's own: RNNCell, LSTMCell, GRUCell. */
import { Module, modulePath, type Parameter } from '@tenon/nn'
import { type DType, ShapeError, showShape, type Tensor, zeros } from '@tenon/tensor'
import { checkInput, checkState } from './check.ts'
import { checkSizes, uniformParameter } from './init.ts'
import type { LSTMState } from './lstm.ts'
import { type Carry, gru, lstm, type Recurrence } from './recurrence.ts'
import { elman, type Nonlinearity } from './rnn.ts'

/** Options of `LSTMCell` and `GRUCell`. */
export interface CellOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the parameters. Default float32. */
  readonly dtype?: DType
}

/** Options of `RNNCell`. */
export interface RNNCellOptions extends CellOptions {
  /** Default 'tanh'. */
  readonly nonlinearity?: Nonlinearity
}

/** What the cells share. Parameters begin as U(−1/√H, 1/√H). */
export abstract class RecurrentCell extends Module {
  readonly inputSize: number
  readonly hiddenSize: number
  readonly weightIh: Parameter // [gates·H, in]
  readonly weightHh: Parameter // [gates·H, H]
  readonly biasIh: Parameter | null // [gates·H]
  readonly biasHh: Parameter | null // [gates·H]
  readonly #recurrence: Recurrence

  constructor(recurrence: Recurrence, inputSize: number, hiddenSize: number, { bias = true, dtype = 'float32' }: CellOptions) {
    super()
    checkSizes(new.target.name, { inputSize, hiddenSize })
    this.inputSize = inputSize
    this.hiddenSize = hiddenSize
    this.#recurrence = recurrence
    const rows = recurrence.gates * hiddenSize
    this.weightIh = uniformParameter([rows, inputSize], hiddenSize, dtype)
    this.weightHh = uniformParameter([rows, hiddenSize], hiddenSize, dtype)
    this.biasIh = bias ? uniformParameter([rows], hiddenSize, dtype) : null
    this.biasHh = bias ? uniformParameter([rows], hiddenSize, dtype) : null
  }

  /** x is [B, in] or [in], the parts of the carry [B, H] or [H]. */
  protected step(x: Tensor, carry: Carry | null): Carry {
    const path = modulePath(this)
    if ((x.ndim !== 1 && x.ndim !== 2) || x.shape.at(-1) !== this.inputSize) {
      throw new ShapeError(`${path} expects [B, ${this.inputSize}] or [${this.inputSize}], got ${showShape(x.shape)}`)
    }
    const { weightIh, weightHh, biasIh, biasHh } = this
    checkInput(path, x, weightIh)
    const shape = [...x.shape.slice(0, -1), this.hiddenSize]
    const states = this.#recurrence.states.map((name, k) => {
      if (!carry) return zeros(shape, { dtype: weightIh.dtype })
      checkState(path, name, carry[k]!, shape, x.ndim === 2 ? '[B, H]' : '[H]', weightIh)
      return carry[k]!
    })
    const weights = { weightIh, weightHh, biasIh, biasHh, weightHr: null }
    return this.#recurrence.step(states, this.#recurrence.project(x, weights), weights)
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.biasIh ? '' : ', bias=false'}`
  }
}

/**
 * h' = f(Wih x + bih + Whh h + bhh), f = tanh or relu. PyTorch: `torch.nn.RNNCell`.
 *
 * @throws ShapeError unless x is [B, in] or [in] and the state [B, H] or [H]; DTypeError if they and the weights differ.
 */
export class RNNCell extends RecurrentCell {
  readonly nonlinearity: Nonlinearity

  constructor(inputSize: number, hiddenSize: number, options: RNNCellOptions = {}) {
    const { nonlinearity = 'tanh' } = options
    super(elman('RNNCell', nonlinearity), inputSize, hiddenSize, options)
    this.nonlinearity = nonlinearity
  }

  /** [B, in], h [B, H] → h' [B, H]; without B for one. The state begins as 0. */
  forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.step(x, state && [state])[0]!
  }

  override extraRepr(): string {
    return this.nonlinearity === 'tanh' ? super.extraRepr() : `${super.extraRepr()}, nonlinearity=${this.nonlinearity}`
  }
}

/**
 * With [i, f, g, o] = Wih x + bih + Whh h + bhh: c' = σ(f) ⊙ c + σ(i) ⊙ tanh(g), h' = σ(o) ⊙ tanh(c'). PyTorch: `torch.nn.LSTMCell`.
 *
 * @throws ShapeError unless x is [B, in] or [in] and h and c are [B, H] or [H]; DTypeError if they and the weights differ.
 */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(lstm, inputSize, hiddenSize, options)
  }

  /** [B, in], { h, c } → { h', c' }, each [B, H]; without B for one. The state begins as 0. */
  forward(x: Tensor, state: LSTMState | null = null): LSTMState {
    const [h, c] = this.step(x, state && [state.h, state.c]) as [Tensor, Tensor]
    return { h, c }
  }
}

/**
 * r = σ(Wir x + bir + Whr h + bhr), z likewise, n = tanh(Win x + bin + r ⊙ (Whn h + bhn)), h' = (1 − z) ⊙ n + z ⊙ h.
 * PyTorch: `torch.nn.GRUCell`.
 *
 * @throws ShapeError unless x is [B, in] or [in] and the state [B, H] or [H]; DTypeError if they and the weights differ.
 */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options: CellOptions = {}) {
    super(gru, inputSize, hiddenSize, options)
  }

  /** [B, in], h [B, H] → h' [B, H]; without B for one. The state begins as 0. */
  forward(x: Tensor, state: Tensor | null = null): Tensor {
    return this.step(x, state && [state])[0]!
  }
}
