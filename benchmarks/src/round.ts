export interface Round {
  /** Time of each step in milliseconds. */
  readonly times: readonly number[]
  readonly losses: readonly number[]
}

/** One training step, which gives its loss. */
export type Step = () => Promise<number>

export const runSteps = async (step: Step, steps: number): Promise<Round> => {
  const round = { times: [] as number[], losses: [] as number[] }
  for (let i = 0; i < steps; i++) {
    const began = performance.now()
    round.losses.push(await step())
    round.times.push(performance.now() - began)
  }
  return round
}
