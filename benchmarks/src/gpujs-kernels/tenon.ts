/** The same on Tenon. */
import { backward } from '@tenon/autograd'
import { gpujs } from '@tenon/backend-gpujs'
import { mseLoss, Parameter } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { conv2d, jit, relu, type Tensor, tensor, useBackend, Variable } from '@tenon/tensor'
import type { Step } from '../gpujs-steps.ts'
import type { HandMode } from '../hand-kernels.ts'
import { conv, inputRate, learningRate, makeConvTensors, makeMatrices, matmulSize } from './workload.ts'

export const makeMatmul = async (mode: HandMode): Promise<Step> => {
  await useBackend(await gpujs({ mode }))
  const { state, reflection } = makeMatrices()
  const current = new Variable(tensor(state, [matmulSize, matmulSize]))
  const factor = new Variable(tensor(reflection, [matmulSize, matmulSize]))
  const step = jit((): Tensor => {
    const next = current.matmul(factor)
    current.assign(next)
    return next.slice(1, 0, 1).pow(2).mean()
  })
  return () => step().item()
}

export const makeConv = async (mode: HandMode): Promise<Step> => {
  await useBackend(await gpujs({ mode }))
  const { batch, channels, size, features, window } = conv
  const host = makeConvTensors()
  const x = new Parameter(tensor(host.x, [batch, channels, size, size]))
  const weight = new Parameter(tensor(host.weight, [features, channels, window, window]))
  const bias = new Parameter(tensor(host.bias))
  const target = new Variable(tensor(host.target, [batch, features, size, size]))
  const optimizer = new SGD([{ params: [weight, bias] }, { params: [x], lr: inputRate }], { lr: learningRate })
  const step = jit((): Tensor => {
    const loss = mseLoss(relu(conv2d(x, weight, bias, { padding: 1 })), target)
    backward(loss)
    optimizer.step()
    optimizer.zeroGrad()
    return loss
  })
  return () => step().item()
}
