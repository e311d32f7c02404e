/** Tenon on gpu.js. */
import { backward } from '@tenon/autograd'
import { gpujs } from '@tenon/backend-gpujs'
import { crossEntropy, Linear, ReLU, Sequential } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { jit, type Tensor, tensor, useBackend } from '@tenon/tensor'
import type { Step } from '../gpujs-steps.ts'
import type { HandMode } from '../hand-kernels.ts'
import { batchSize, classes, hidden, inputs, learningRate, makeBatches, makeLayers } from './workload.ts'

export const makeStep = async (mode: HandMode): Promise<Step> => {
  await useBackend(await gpujs({ mode }))
  const [layer1, layer2] = makeLayers()
  const model = new Sequential(new Linear(inputs, hidden), new ReLU(), new Linear(hidden, classes))
  model.loadStateDict({
    '0.weight': tensor(layer1.weight, [hidden, inputs]),
    '0.bias': tensor(layer1.bias),
    '2.weight': tensor(layer2.weight, [classes, hidden]),
    '2.bias': tensor(layer2.bias),
  })
  const optimizer = new SGD(model.namedParameters(), { lr: learningRate })

  const train = jit((x: Tensor, labels: Tensor): Tensor => {
    const loss = crossEntropy(model.forward(x), labels)
    backward(loss)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  const batches = makeBatches()
  let steps = 0
  return () => {
    const batch = batches[steps++ % batches.length]!
    return train(tensor(batch.inputs, [batchSize, inputs]), tensor(batch.labels)).item()
  }
}
