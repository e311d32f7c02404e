/** Tenon on the backend that the first argument names. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { Conv2d, crossEntropy, Flatten, Linear, MaxPool2d, ReLU, Sequential } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { jit, type Tensor, tensor, useBackend } from '@tenon/tensor'
import { servePeer } from '../peer.ts'
import { batchSize, makeBatches, makeWeights } from './workload.ts'

await useBackend(process.argv[4] === 'cpu' ? cpu() : wasm())
const batches = makeBatches()

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
model.loadStateDict(Object.fromEntries(Object.entries(makeWeights()).map(([name, { data, shape }]) => [name, tensor(data, shape)])))
const optimizer = new SGD(model.namedParameters(), { lr: 0.01, momentum: 0.5 })

const train = jit((images: Tensor, labels: Tensor): Tensor => {
  const loss = crossEntropy(model.forward(images), labels)
  backward(loss)
  optimizer.step()
  optimizer.zeroGrad()
  return loss
})

let steps = 0
servePeer(() => {
  const { images, labels } = batches[steps++ % batches.length]!
  return train(tensor(images, [batchSize, 1, 28, 28]), tensor(labels)).item()
})
