/** The training step of the small CNN: batch 64, SGD 0.01 with momentum 0.5. A step makes its batch, and its loss is read. */
import { Peer, type Round } from '../peer.ts'
import { formatTable } from '../table.ts'
import { batchSize } from './workload.ts'

interface Contender {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  /** Steps in a round: what takes seconds is measured by one. */
  readonly steps: number
}

const contenders: readonly Contender[] = [
  { name: 'tenon wasm', program: 'cnn-train/tenon', args: ['wasm'], steps: 20 },
  { name: 'tenon cpu', program: 'cnn-train/tenon', args: ['cpu'], steps: 1 },
  { name: 'tfjs cpu', program: 'cnn-train/tfjs', args: [], steps: 1 },
]
const reference = 'tfjs cpu'
/** Summation order differs between peers; three steps of training do not make more of it than this. */
const tolerance = 1e-3

export interface PeerResult {
  readonly peer: string
  readonly firstStepMs: number
  readonly medianMs: number
  readonly minMs: number
  readonly imagesPerSecond: number
  /** How many times as fast as TensorFlow.js. */
  readonly ratio: number
  readonly steps: number
  readonly losses: readonly number[]
}

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

const checkLosses = (results: readonly PeerResult[]): void => {
  const expected = results.find(({ peer }) => peer === reference)!.losses
  for (const { peer, losses } of results) {
    const off = losses.slice(0, expected.length).findIndex((loss, i) => !(Math.abs(loss - expected[i]!) <= tolerance))
    if (off >= 0) throw new Error(`${peer} has a loss of ${losses[off]} at step ${off + 1}, ${reference} one of ${expected[off]}`)
  }
}

export const cnnTrain = async (rounds: number, say: (line: string) => void): Promise<readonly PeerResult[]> => {
  const peers = contenders.map(({ name, program, args }) => new Peer(name, program, args))
  const measured = new Map<string, Round>()
  const firstSteps = new Map<string, Round>()
  try {
    for (const peer of peers) firstSteps.set(peer.name, await peer.run(1))
    for (let round = 1; round <= rounds; round++) {
      for (const [i, peer] of peers.entries()) {
        const { times, losses } = await peer.run(contenders[i]!.steps)
        const before = measured.get(peer.name)
        measured.set(peer.name, {
          times: [...(before?.times ?? []), ...times],
          losses: [...(before?.losses ?? []), ...losses],
        })
      }
      say(`round ${round} of ${rounds}`)
    }
  } finally {
    for (const peer of peers) peer.stop()
  }

  const medians = new Map([...measured].map(([name, { times }]) => [name, median(times)]))
  const results = peers.map(({ name }): PeerResult => {
    const [first, { times, losses }, medianMs] = [firstSteps.get(name)!, measured.get(name)!, medians.get(name)!]
    return {
      peer: name,
      firstStepMs: first.times[0]!,
      medianMs,
      minMs: Math.min(...times),
      imagesPerSecond: (batchSize / medianMs) * 1000,
      ratio: medians.get(reference)! / medianMs,
      steps: times.length,
      losses: [...first.losses, ...losses],
    }
  })
  checkLosses(results)
  return results
}

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
    results.map((r) => [
      r.peer,
      r.medianMs.toFixed(1),
      r.minMs.toFixed(1),
      r.firstStepMs.toFixed(0),
      r.imagesPerSecond.toFixed(r.imagesPerSecond < 100 ? 1 : 0),
      r.ratio.toFixed(r.ratio < 100 ? 1 : 0),
      String(r.steps),
    ]),
  )
