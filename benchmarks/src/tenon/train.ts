import { backward } from '@tenon/autograd'
import { crossEntropy, type Module } from '@tenon/nn'
import { jit, type Tensor, tensor } from '@tenon/tensor'
import { type Inputs, makeWindows } from '../inputs.ts'
import type { PeerStep } from '../round.ts'

/** [...] → scores [..., classes] */
type Classifier = Module & { forward(input: Tensor): Tensor }

/** What a step trains on: inputs, and the class of each. */
type Batches = (step: number) => readonly [input: Tensor, target: Tensor]

/** One update a step, captured. Gives the loss before it. */
export const trainStep = (model: Classifier, optimizer: { step(): void; zeroGrad(): void }, batches: Batches): PeerStep => {
  const train = jit((input: Tensor, target: Tensor): Tensor => {
    const loss = crossEntropy(model.forward(input).flatten(0, -2), target.flatten())
    backward(loss)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  let steps = 0
  return { step: () => train(...batches(steps++)).item() }
}

/** Windows of the text, each symbol with the next one as its class: int32 [batch, length]. */
export const textBatches = (inputs: Inputs, batch: number, length: number): Batches => {
  const windows = makeWindows(inputs, length)
  return (step) => {
    const { input, target } = windows(step)
    return [tensor(input, [batch, length], { copy: false }), tensor(target, [batch, length], { copy: false })]
  }
}
