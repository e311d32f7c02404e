/** What "equal" means across backends: one rule for every suite. */

export interface Tolerance {
  /** Relative error allowed; 0 for exact. Default 1e-5. */
  readonly rtol?: number
  /** Absolute error allowed. Default rtol · the greatest finite |expected|, so that what cancelled is judged by what it was made of. */
  readonly atol?: number
}

const greatest = (values: ArrayLike<number>): number => {
  let max = 0
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(values[i]!)
    if (magnitude > max && magnitude < Infinity) max = magnitude
  }
  return max
}

/**
 * What is wrong with `actual`, in words; null where |actual − expected| ≤ atol + rtol · |expected| everywhere. NaN equals NaN, and an
 * infinity itself alone.
 */
export function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = rtol * greatest(expected) }: Tolerance = {},
): string | null {
  if (actual.length !== expected.length) return `${actual.length} numbers where ${expected.length} were expected`
  let wrong = 0
  let worst = -1
  let worstError = -1
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [Number(actual[i]), Number(expected[i])]
    if (Object.is(a, e) || a === e || (Number.isNaN(a) && Number.isNaN(e))) continue
    const error = Number.isFinite(a) && Number.isFinite(e) ? Math.abs(a - e) - rtol * Math.abs(e) : Infinity
    if (error <= atol) continue
    wrong += 1
    if (error > worstError) [worst, worstError] = [i, error]
  }
  if (wrong === 0) return null
  return `${wrong} of ${expected.length} numbers are off (rtol ${rtol}, atol ${Number(atol.toPrecision(3))}); the worst is element ${worst}: ${actual[worst]} where ${expected[worst]} was expected`
}
