/** The training step of a small fully connected net on gpu.js: 64 → 64 relu → 10, cross-entropy, batch 32, SGD 0.1. */
import { type Contender, measure, type PeerResult } from '../measure.ts'

const steps = 40
const turns = 10
const modes = ['cpu', 'webasm'] as const

const byHandAndTenon = modes.flatMap((mode): Contender[] => {
  const reference = `by hand ${mode}`
  return [
    { name: reference, program: 'gpujs-mlp-train/by-hand', args: [mode], steps, reference },
    { name: `tenon ${mode}`, program: 'gpujs-mlp-train/tenon', args: [mode], steps, reference },
  ]
})

const brain = 'one sample at a time, so 32 updates a step; sigmoid in both layers, since all have one activation; squared errors'
const others: readonly Contender[] = [
  { name: 'brain.js', program: 'gpujs-mlp-train/brain', args: [], steps: 10, reference: 'by hand cpu', differs: `no gpu.js; ${brain}` },
  { name: 'brain.js GPU cpu', program: 'gpujs-mlp-train/brain', args: ['cpu'], steps: 2, reference: 'by hand cpu', differs: brain },
  { name: 'js-pytorch cpu', program: 'gpujs-mlp-train/js-pytorch', args: ['cpu'], steps: 5, reference: 'by hand cpu' },
  { name: 'js-pytorch gpu', program: 'gpujs-mlp-train/js-pytorch', args: ['gpu'], steps: 5, reference: 'by hand webasm' },
]

export const gpujsMlpTrain = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> =>
  measure([...byHandAndTenon, ...others], rounds, say, turns)
