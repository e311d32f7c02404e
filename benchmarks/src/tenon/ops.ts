import { LayerNorm } from '@tenon/nn'
import { gelu, jit, realize, softmax, type Tensor } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import type { PeerStep } from '../round.ts'
import { load, meanMagnitude, toTensor } from './load.ts'

/** A captured function of inputs that are on the backend from the first step on. */
const captured = (compute: (...operands: Tensor[]) => Tensor, ...operands: readonly Tensor[]): PeerStep => {
  const run = jit(compute)
  let output: Tensor
  return {
    step: () => {
      output = run(...operands)
      realize(output)
    },
    check: () => meanMagnitude(output),
  }
}

export const matmul = ({ a, b }: Inputs): PeerStep => captured((a, b) => a!.matmul(b!), toTensor(a!), toTensor(b!))

export const gelus = ({ x }: Inputs): PeerStep => captured((x) => gelu(x!.mul(1.5).add(0.25), { approximate: 'tanh' }), toTensor(x!))

export const softmaxes = ({ x }: Inputs): PeerStep => captured((x) => softmax(x!, -1), toTensor(x!))

export const layerNorms = (inputs: Inputs): PeerStep => {
  const norm = new LayerNorm(1024)
  load(norm, inputs, (name) => name)
  return captured((x) => norm.forward(x!), toTensor(inputs['x']!))
}

export const sums =
  (dim: number) =>
  ({ x }: Inputs): PeerStep =>
    captured((x) => x!.sum(dim), toTensor(x!))
