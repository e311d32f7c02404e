/** The recurrent network of the article: two linear layers over what is read and what is remembered. */
import { Linear, Module } from '@tenon/nn'
import { concat, logSoftmax, oneHot, scan, type Tensor, where, zeros } from '@tenon/tensor'

export class NameRNN extends Module {
  readonly i2h: Linear // letters + hidden → hidden
  readonly i2o: Linear // letters + hidden → lists
  readonly letters: number
  readonly hidden: number

  constructor(letters: number, hidden: number, lists: number) {
    super()
    this.letters = letters
    this.hidden = hidden
    this.i2h = new Linear(letters + hidden, hidden)
    this.i2o = new Linear(letters + hidden, lists)
  }

  /** One letter, one-hot [B, letters], and what is remembered, [B, hidden] → log-probabilities of the lists [B, lists], and the next memory. */
  step(letter: Tensor, hidden: Tensor): { output: Tensor; hidden: Tensor } {
    const combined = concat([letter, hidden], 1)
    return { output: logSoftmax(this.i2o.forward(combined), 1), hidden: this.i2h.forward(combined) }
  }

  /** Whole names, int32 [B, T] with 0 behind their ends → what is said after their last letters, [B, lists]. */
  forward(names: Tensor): Tensor {
    const [batch] = names.shape as [number, number]
    const steps = names.transpose(0, 1) // [T, B]
    const xs = { letter: oneHot(steps, this.letters).cast('float32'), goesOn: steps.ne(0).unsqueeze(2) }
    const init = { hidden: zeros([batch, this.hidden]), output: zeros([batch, this.i2o.outFeatures]) }
    const { carry } = scan(
      (before: typeof init, { letter, goesOn }: typeof xs) => {
        const { output, hidden } = this.step(letter, before.hidden)
        return { carry: { hidden: where(goesOn, hidden, before.hidden), output: where(goesOn, output, before.output) }, y: null }
      },
      init,
      xs,
    )
    return carry.output
  }
}
