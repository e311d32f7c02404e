import { Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { jit, realize, type Tensor, tensor } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import type { PeerStep } from '../round.ts'
import { load, rootMeanSquare } from './load.ts'
import { trainStep } from './train.ts'

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
  const { images, labels } = inputs
  return trainStep(model, optimizer, (step) => {
    const first = (step % (labels!.data.length / batchSize)) * batchSize
    const batch = images!.data.subarray(first * pixels, (first + batchSize) * pixels)
    const classes = labels!.data.subarray(first, first + batchSize)
    return [tensor(batch, [batchSize, 1, 28, 28], { copy: false }), tensor(classes, [batchSize], { copy: false })]
  })
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
