/** Runs peers in turns, holds their losses against each other, and sums up their times. */
import { Peer } from './peer.ts'
import type { Round } from './round.ts'

export interface Contender {
  readonly name: string
  /** One of the peers that main.ts knows, and what it is told. */
  readonly program: string
  readonly args: readonly string[]
  /** Steps in a turn: what takes seconds is measured by one. */
  readonly steps: number
  /** Steps after the first that are not timed: until the engine has compiled what it finds worth it. Default 0. */
  readonly warmUp?: number
  /** The contender whose time this one's is compared with. */
  readonly reference: string
  /** Its mathematics differ, so its losses are its own, and must only fall. */
  readonly ownLosses?: boolean
  /** What it does otherwise than its reference. */
  readonly note?: string
}

export interface PeerResult {
  readonly peer: string
  readonly reference: string
  readonly firstStepMs: number
  readonly medianMs: number
  readonly minMs: number
  /** Its median, and its fastest step, as multiples of its reference's. */
  readonly timesReference: number
  readonly fastestTimesReference: number
  readonly steps: number
  readonly losses: readonly number[]
  readonly note?: string
}

/** Summation order differs between peers; training does not make more of it than this. */
const tolerance = 1e-3

const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2
}

const checkLosses = (contenders: readonly Contender[], results: readonly PeerResult[]): void => {
  for (const [i, { peer, reference, losses }] of results.entries()) {
    if (contenders[i]!.ownLosses) {
      if (!(losses.at(-1)! < losses[0]!)) throw new Error(`${peer} does not learn: its loss went from ${losses[0]} to ${losses.at(-1)}`)
      continue
    }
    const expected = results.find((other) => other.peer === reference)!.losses
    const off = losses.slice(0, expected.length).findIndex((loss, i) => !(Math.abs(loss - expected[i]!) <= tolerance))
    if (off >= 0) throw new Error(`${peer} has a loss of ${losses[off]} at step ${off + 1}, ${reference} one of ${expected[off]}`)
  }
}

/** In a round each contender has some turns: the shorter these are, the less it matters what else the machine does. */
export const measure = async (
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
  turns = 1,
): Promise<readonly PeerResult[]> => {
  const peers = contenders.map(({ name, program, args }) => new Peer(name, program, args))
  const measured = new Map<string, Round>()
  const firstSteps = new Map<string, Round>()
  try {
    for (const [i, peer] of peers.entries()) firstSteps.set(peer.name, await peer.run(1 + (contenders[i]!.warmUp ?? 0)))
    for (let turn = 1; turn <= rounds * turns; turn++) {
      for (const [i, peer] of peers.entries()) {
        const { times, losses } = await peer.run(contenders[i]!.steps)
        const before = measured.get(peer.name)
        measured.set(peer.name, {
          times: [...(before?.times ?? []), ...times],
          losses: [...(before?.losses ?? []), ...losses],
        })
      }
      if (turn % turns === 0) say(`round ${turn / turns} of ${rounds}`)
    }
  } finally {
    for (const peer of peers) peer.stop()
  }

  const medians = new Map([...measured].map(([name, { times }]) => [name, median(times)]))
  const fastest = new Map([...measured].map(([name, { times }]) => [name, Math.min(...times)]))
  const results = contenders.map(({ name, reference, note }): PeerResult => {
    const [first, { times, losses }] = [firstSteps.get(name)!, measured.get(name)!]
    const [medianMs, minMs] = [medians.get(name)!, fastest.get(name)!]
    return {
      peer: name,
      reference,
      firstStepMs: first.times[0]!,
      medianMs,
      minMs,
      timesReference: medianMs / medians.get(reference)!,
      fastestTimesReference: minMs / fastest.get(reference)!,
      steps: times.length,
      losses: [...first.losses, ...losses],
      ...(note !== undefined && { note }),
    }
  })
  checkLosses(contenders, results)
  return results
}
