/** The model with its optimizer, and what is done with them, on one backend at a time. */
import { backward } from '@tenon/autograd'
import type { Backend } from '@tenon/kernel'
import { crossEntropy, type Sequential } from '@tenon/nn'
import { Adam } from '@tenon/optim'
import { currentBackend, jit, manualSeed, softmax, type Tensor, useBackend } from '@tenon/tensor'
import { accuracy } from '@tenon/train'
import { presets } from 'cnn-image-classification/model'

const learningRate = 0.001

export interface Learner {
  readonly model: Sequential
  readonly optimizer: Adam
  readonly trainStep: (images: Tensor, labels: Tensor) => Tensor
  readonly testStep: (images: Tensor, labels: Tensor) => { loss: Tensor; accuracy: Tensor }
  /** images [B, 1, 28, 28] → probabilities [B, 10] */
  readonly classify: (images: Tensor) => Tensor
}

/** A new model on the current backend. */
export const makeLearner = (seed: number): Learner => {
  manualSeed(seed)
  const model = presets.small.build()
  const optimizer = new Adam(model.namedParameters(), { lr: learningRate })
  return {
    model,
    optimizer,
    trainStep: jit((images: Tensor, labels: Tensor): Tensor => {
      const loss = crossEntropy(model.forward(images), labels)
      backward(loss)
      optimizer.step()
      optimizer.zeroGrad()
      return loss
    }),
    testStep: jit((images: Tensor, labels: Tensor) => {
      const logits = model.forward(images)
      return { loss: crossEntropy(logits, labels), accuracy: accuracy(logits, labels) }
    }),
    classify: jit((images: Tensor): Tensor => softmax(model.forward(images), 1)),
  }
}

/** Makes `backend` the current one and takes the model there, with the state of its optimizer. All of it moves, or nothing does. */
export const moveTo = async (backend: Backend, { model, optimizer }: Learner): Promise<void> => {
  const before = currentBackend()
  try {
    await useBackend(backend)
    await model.to(backend)
    await optimizer.to(backend)
  } catch (error) {
    await useBackend(before)
    await model.to(before)
    throw error
  }
}
