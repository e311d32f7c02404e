import { backward } from '@tenon/autograd'
import { Conv2d, crossEntropy, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { jit, realize, type Tensor, tensor } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import type { PeerStep } from '../round.ts'
import { load, rootMeanSquare } from './load.ts'

const batchSize = 64
const pixels = 28 * 28

const layers: Readonly<Record<string, string>> = { 0: 'conv1', 3: 'conv2', 7: 'fc1', 9: 'fc2' }

const makeModel = (inputs: Inputs): Sequential => {
  const model = new Sequential(
    new Conv2d(1, 16, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Conv2d(16, 32, 3, { padding: 1 }),
    new ReLU(),
    new MaxPool2d(2),
    new Flatten(),
    new Linear(1568, 128),
    new ReLU(),
    new Linear(128, 10),
  )
  load(model, inputs, (name) => name.replace(/^\d/, (index) => layers[index]!))
  return model
}

export const cnnTrain = (inputs: Inputs): PeerStep => {
  const model = makeModel(inputs)
  const optimizer = new SGD(model.namedParameters(), { lr: 0.01, momentum: 0.5 })
  const train = jit((images: Tensor, labels: Tensor): Tensor => {
    const loss = crossEntropy(model.forward(images), labels)
    backward(loss)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  const { images, labels } = inputs
  let steps = 0
  return {
    step: () => {
      const first = (steps++ % (labels!.data.length / batchSize)) * batchSize
      const batch = images!.data.subarray(first * pixels, (first + batchSize) * pixels)
      return train(tensor(batch, [batchSize, 1, 28, 28]), tensor(labels!.data.subarray(first, first + batchSize))).item()
    },
  }
}

export const cnnInfer =
  (count: number) =>
  (inputs: Inputs): PeerStep => {
    const model = makeModel(inputs).eval()
    const infer = jit((images: Tensor) => model.forward(images))
    const images = tensor(inputs['images']!.data.slice(0, count * pixels), [count, 1, 28, 28])
    let logits: Tensor
    return {
      step: () => {
        logits = infer(images)
        realize(logits)
      },
      check: () => rootMeanSquare(logits),
    }
  }
