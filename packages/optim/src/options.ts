import { OptimizerError } from './errors.ts'

/** Checks and completes options. A key that nobody reads is a mistake that would otherwise cost a training run. */
export function readOptions<O extends object>(who: string, defaults: O, given: Partial<O>): O {
  const unknown = Object.keys(given).filter((key) => !(key in defaults))
  if (unknown.length > 0) {
    throw new OptimizerError(`${who} has no option ${unknown.join(', ')}; it takes ${Object.keys(defaults).join(', ')}`)
  }
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<O>
  return { ...defaults, ...set }
}

/** A finite number ≥ 0. */
export function checkNotNegative(who: string, name: string, value: number): void {
  if (!Number.isFinite(value) || value < 0) throw new OptimizerError(`${who}: ${name} must be a number ≥ 0, got ${value}`)
}

/** The shares of two running means that are kept. */
export function checkBetas(who: string, betas: readonly [number, number]): void {
  if (!Array.isArray(betas) || betas.length !== 2 || betas.some((beta) => !(beta >= 0 && beta < 1))) {
    throw new OptimizerError(`${who}: betas are two numbers with 0 ≤ beta < 1, got ${JSON.stringify(betas)}`)
  }
}
