/** The training step of a small fully connected net on gpu.js: 64 → 64 relu → 10, cross-entropy, batch 32, SGD 0.1. */
import { byHand, byHandAndTenon } from '../gpujs-contenders.ts'
import { type Contender, measure, type PeerResult } from '../measure.ts'

const turns = 10

const brain = {
  program: 'gpujs-mlp-train/brain',
  reference: byHand('mlp-train', 'cpu'),
  warmUp: 20,
  ownLosses: true,
  note: 'one sample at a time, so 32 updates a step; sigmoid in both layers, since all have one activation; squared errors',
}
const jsPytorch = { program: 'gpujs-mlp-train/js-pytorch', steps: 3, warmUp: 40 }
const sgd = 'it has only Adam, so SGD is written for it'

const contenders: readonly Contender[] = [
  ...byHandAndTenon('mlp-train', 'cpu', 40, 1500),
  ...byHandAndTenon('mlp-train', 'webasm', 40, 1500),
  { ...brain, name: 'brain.js', args: [], steps: 10, warmUp: 300, note: `no gpu.js; ${brain.note}` },
  { ...brain, name: 'brain.js GPU cpu', args: ['cpu'], steps: 2 },
  { ...jsPytorch, name: 'js-pytorch cpu', args: ['cpu'], reference: byHand('mlp-train', 'cpu'), note: `no gpu.js; ${sgd}` },
  {
    ...jsPytorch,
    name: 'js-pytorch gpu',
    args: ['gpu'],
    reference: byHand('mlp-train', 'webasm'),
    note: `gpu.js, in webasm, for products of matrices alone; ${sgd}`,
  },
]

export const gpujsMlpTrain = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> =>
  measure(contenders, rounds, say, turns)
