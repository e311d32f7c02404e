/** The training step of the small CNN: batch 64, SGD 0.01 with momentum 0.5. A step makes its batch, and its loss is read. */
import { type Contender, measure, type PeerResult } from '../measure.ts'
import { formatTable } from '../table.ts'
import { batchSize } from './workload.ts'

const reference = 'tfjs cpu'
const contenders: readonly Contender[] = [
  { name: 'tenon wasm', program: 'cnn-train/tenon', args: ['wasm'], steps: 20, reference },
  { name: 'tenon cpu', program: 'cnn-train/tenon', args: ['cpu'], steps: 1, reference },
  { name: reference, program: 'cnn-train/tfjs', args: [], steps: 1, reference },
]

export const cnnTrain = (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> => measure(contenders, rounds, say)

/** The last but one column: how many times as fast as TensorFlow.js. */
export const formatCnnTrain = (results: readonly PeerResult[]): string =>
  formatTable(
    [
      { title: 'peer', align: 'left' },
      { title: 'ms a step' },
      { title: 'fastest' },
      { title: 'first step' },
      { title: 'images/s' },
      { title: `× ${reference}` },
      { title: 'steps' },
    ],
    results.map((r) => {
      const imagesPerSecond = (batchSize / r.medianMs) * 1000
      const ratio = 1 / r.timesReference
      return [
        r.peer,
        r.medianMs.toFixed(1),
        r.minMs.toFixed(1),
        r.firstStepMs.toFixed(0),
        imagesPerSecond.toFixed(imagesPerSecond < 100 ? 1 : 0),
        ratio.toFixed(ratio < 100 ? 1 : 0),
        String(r.steps),
      ]
    }),
  )
