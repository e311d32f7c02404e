/** Scalar functions that JavaScript's Math does not have, in double precision. */

/**
 * erf(x) = 2/√π · e^(−x²) · Σₙ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, whose terms are all of one sign, so that nothing cancels
 * (Abramowitz & Stegun 7.1.6). From 6 on erf(x) is 1 to the last bit.
 */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? x : Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** To the nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x)
  const even = rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
  return even === 0 && (x < 0 || Object.is(x, -0)) ? -0 : even
}

/** C's pow: unlike JavaScript's, 1 to any power is 1, and so is (−1)^±∞. */
export function pow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y
}

/** xʸ modulo 2³², by squaring; a negative y gives the power truncated to an integer. */
export function integerPow(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0
  let result = 1
  for (let base = x, n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = Math.imul(result, base)
    base = Math.imul(base, base)
  }
  return result
}
