/** The training step of a small fully connected net on gpu.js: 64 → 64 relu → 10, cross-entropy, batch 32, SGD 0.1. */
import { type Contender, measure, type PeerResult } from '../measure.ts'

const steps = 300
const modes = ['cpu', 'webasm'] as const

const contenders: readonly Contender[] = modes.flatMap((mode): Contender[] => {
  const reference = `by hand ${mode}`
  return [
    { name: reference, program: 'gpujs-mlp-train/by-hand', args: [mode], steps, reference },
    { name: `tenon ${mode}`, program: 'gpujs-mlp-train/tenon', args: [mode], steps, reference },
  ]
})

export const gpujsMlpTrain = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> =>
  measure(contenders, rounds, say)
