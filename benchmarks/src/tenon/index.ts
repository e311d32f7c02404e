/** Tenon as a peer: `WORKLOAD BACKEND THREADS`. */
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import { useBackend } from '@tenon/tensor'
import type { Inputs } from '../inputs.ts'
import { servePeer } from '../peer.ts'
import type { PeerStep } from '../round.ts'
import { workloadOf } from '../workloads.ts'
import { cnnInfer, cnnTrain } from './cnn.ts'
import { gptGenerate, gptTrain } from './gpt.ts'
import { lstmTrain } from './lstm.ts'
import { gelus, layerNorms, matmul, softmaxes, sums } from './ops.ts'

const steps: Readonly<Record<string, (inputs: Inputs) => PeerStep>> = {
  'cnn-train': cnnTrain,
  'lstm-train': lstmTrain,
  'gpt-train': gptTrain('gpt-train'),
  'gpt-big-train': gptTrain('gpt-big-train'),
  'cnn-infer-1': cnnInfer(1),
  'cnn-infer-256': cnnInfer(256),
  'gpt-generate': gptGenerate,
  gelu: gelus,
  softmax: softmaxes,
  layernorm: layerNorms,
  sum0: sums(0),
  sum1: sums(1),
}

export const serveTenon = async (workload: string, backend: string, threads: number): Promise<void> => {
  await useBackend(backend === 'wasm' ? wasm({ threads }) : backend === 'cpu' ? cpu() : gpujs())
  const makeStep = workload.startsWith('matmul-') ? matmul : steps[workload]!
  servePeer(makeStep(workloadOf(workload)!.inputs()))
}
