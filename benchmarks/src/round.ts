/** What the measuring process asks a peer for. */
export interface Turn {
  /** Steps are begun until so much time has passed, */
  readonly ms: number
  /** and until so many are done. */
  readonly atLeast: number
}

/** What a peer answers. */
export interface Round {
  /** Time of each step in milliseconds. */
  readonly times: readonly number[]
  /** Training: of each step. Otherwise one number, made of the last step's output. */
  readonly losses: readonly number[]
  /** The most memory that the process has held so far, in MiB. */
  readonly rssMb: number
}

/** One step of training gives its loss. One of something else has computed its output when it ends, and `check` makes a number of it. */
export interface PeerStep {
  readonly step: () => number | undefined | Promise<number | undefined>
  readonly check?: () => number | Promise<number>
}

export const runTurn = async ({ step, check }: PeerStep, { ms, atLeast }: Turn): Promise<Omit<Round, 'rssMb'>> => {
  const round = { times: [] as number[], losses: [] as number[] }
  const start = performance.now()
  while (round.times.length < atLeast || performance.now() - start < ms) {
    const began = performance.now()
    const loss = await step()
    round.times.push(performance.now() - began)
    if (!check) round.losses.push(loss as number)
  }
  if (check && round.times.length > 0) round.losses.push(await check())
  return round
}
