/** Runs peers in turns, holds their losses against each other, and sums up their times. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Contender, nameOf } from './contender.ts'
import { Peer } from './peer.ts'
import type { Round } from './round.ts'

export interface Row {
  readonly workload: string
  readonly system: string
  readonly threads: number
  readonly min_ms: number
  readonly median_ms: number
  /** Between the quartiles, as a share of the median. */
  readonly spread: number
  /** Its fastest step as a multiple of its reference's; null where that was not measured. */
  readonly ratio: number | null
  readonly reference: string
  /** The same where the reference is `torch-tuned`. */
  readonly ratio_to_torch: number | null
  readonly first_step_ms: number
  readonly steps: number
  /** The most memory that its process has held. */
  readonly rss_mb: number
  /** The last of the losses that were held against the others'; without training, the number made of the output. */
  readonly loss: number
  readonly note?: string
}

/** A turn lasts so long, or a step. Threads that wait busily for more work give up in the pause before the next one's turn. */
const turnMs = 700
const pauseMs = 50
/** What takes longer is measured by one step. */
const slowMs = 10_000

/** Losses are compared over so many steps: rounding makes more and more of a difference later. */
const comparedSteps = 10
const tolerance = 1e-3

const quantile = (sorted: readonly number[], q: number): number => {
  const at = (sorted.length - 1) * q
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!]
  return below + (above - below) * (at % 1)
}

interface Measured {
  readonly contender: Contender
  readonly firstStepMs: number
  readonly times: number[]
  readonly losses: number[]
  rssMb: number
}

const checkLosses = (measured: readonly Measured[]): void => {
  const expected = measured.find(({ contender }) => !contender.ownLosses)
  for (const { contender, losses } of measured) {
    const found = losses.slice(0, comparedSteps)
    if (contender.ownLosses) {
      if (!(losses.at(-1)! < losses[0]!))
        throw new Error(`${nameOf(contender)} does not learn: its loss went from ${losses[0]} to ${losses.at(-1)}`)
      continue
    }
    const off = found.findIndex(
      (loss, i) => i < expected!.losses.length && !(Math.abs(loss - expected!.losses[i]!) <= tolerance * Math.max(1, Math.abs(loss))),
    )
    if (off >= 0) {
      const other = `${nameOf(expected!.contender)} has ${expected!.losses[off]}`
      throw new Error(`${nameOf(contender)} has a loss of ${found[off]} at step ${off + 1}, where ${other}`)
    }
  }
}

export const measure = async (
  workload: string,
  contenders: readonly Contender[],
  rounds: number,
  say: (line: string) => void,
): Promise<readonly Row[]> => {
  const peers = contenders.map((contender) => new Peer(nameOf(contender), contender.program))
  const measured: Measured[] = []
  const note = (at: Measured, round: Round): void => {
    for (const loss of round.losses) at.losses.push(loss)
    at.rssMb = round.rssMb
  }
  const began = performance.now()
  try {
    for (const [i, contender] of contenders.entries()) {
      const first = await peers[i]!.run({ ms: 0, atLeast: 1 })
      const firstStepMs = first.times[0]!
      measured.push({ contender, firstStepMs, times: [], losses: [...first.losses], rssMb: first.rssMb })
      // Until the engine has compiled what it finds worth it.
      if (firstStepMs < turnMs) note(measured[i]!, await peers[i]!.run({ ms: turnMs, atLeast: 1 }))
      await sleep(pauseMs)
    }
    for (let round = 1; round <= rounds; round++) {
      for (const [i, at] of measured.entries()) {
        if (at.times[0]! > slowMs) continue
        const turn = await peers[i]!.run({ ms: turnMs, atLeast: 1 })
        for (const time of turn.times) at.times.push(time)
        note(at, turn)
        await sleep(pauseMs)
      }
      const seconds = (performance.now() - began) / 1000
      const left = round < rounds ? `, about ${((seconds / round) * (rounds - round)).toFixed(0)} s to go` : ''
      say(`${workload}: round ${round} of ${rounds} after ${seconds.toFixed(0)} s${left}`)
    }
  } finally {
    for (const peer of peers) peer.stop()
  }
  checkLosses(measured)

  for (const { times } of measured) times.sort((a, b) => a - b)
  const fastest = new Map(measured.map(({ contender, times }) => [nameOf(contender), times[0]!]))
  return measured.map(({ contender, firstStepMs, times, losses, rssMb }): Row => {
    const { system, threads, reference, note } = contender
    const median = quantile(times, 0.5)
    const against = fastest.get(nameOf({ system: reference, threads }))
    const ratio = against === undefined ? null : times[0]! / against
    return {
      workload,
      system,
      threads,
      min_ms: times[0]!,
      median_ms: median,
      spread: (quantile(times, 0.75) - quantile(times, 0.25)) / median,
      ratio,
      reference,
      ratio_to_torch: reference === 'torch-tuned' ? ratio : null,
      first_step_ms: firstStepMs,
      steps: times.length,
      rss_mb: rssMb,
      loss: losses[Math.min(comparedSteps, losses.length) - 1]!,
      ...(note !== undefined && { note }),
    }
  })
}
