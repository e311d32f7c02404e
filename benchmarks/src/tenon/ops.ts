import { gelu, jit, realize, rsqrt, softmax, type Tensor } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import type { PeerStep } from '../round.ts'
import { rootMeanSquare, toTensor } from './load.ts'

/** A captured function of inputs that are on the backend from the first step on. */
const captured = (compute: (...operands: Tensor[]) => Tensor, ...operands: readonly Tensor[]): PeerStep => {
  const run = jit(compute)
  let output: Tensor
  return {
    step: () => {
      output = run(...operands)
      realize(output)
    },
    check: () => rootMeanSquare(output),
  }
}

export const matmul = ({ a, b }: Inputs): PeerStep => captured((a, b) => a!.matmul(b!), toTensor(a!), toTensor(b!))

export const gelus = ({ x }: Inputs): PeerStep => captured((x) => gelu(x!.mul(1.5).add(0.25), { approximate: 'tanh' }), toTensor(x!))

export const softmaxes = ({ x }: Inputs): PeerStep => captured((x) => softmax(x!, -1), toTensor(x!))

/** As `LayerNorm` of @tenon/nn computes it. */
const layerNorm = (x: Tensor, weight: Tensor, bias: Tensor): Tensor => {
  const centred = x.sub(x.mean(-1, { keepdim: true }))
  const variance = centred.mul(centred).mean(-1, { keepdim: true })
  return centred
    .mul(rsqrt(variance.add(1e-5)))
    .mul(weight)
    .add(bias)
}

export const layerNorms = ({ x, weight, bias }: Inputs): PeerStep =>
  captured((...operands) => layerNorm(...(operands as [Tensor, Tensor, Tensor])), toTensor(x!), toTensor(weight!), toTensor(bias!))

export const sums =
  (dim: number) =>
  ({ x }: Inputs): PeerStep =>
    captured((x) => x!.sum(dim), toTensor(x!))
