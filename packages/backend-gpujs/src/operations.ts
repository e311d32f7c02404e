/** The scalar operations in JavaScript, for kernels that are computed on the host: numbers are doubles, and are then made to fit their dtype. */
import { type BinaryOp, type DType, isFloat, type UnaryOp } from '@tenon/kernel'

/** A number as this dtype holds it. Integers wrap. */
export function fit(dtype: DType, x: number): number {
  switch (dtype) {
    case 'float32':
      return Math.fround(x)
    case 'float64':
      return x
    case 'int32':
      return x | 0
    case 'uint32':
      return x >>> 0
    case 'bool':
      return Number(x !== 0)
  }
}

const saturate = (x: number, low: number, high: number): number => Math.min(Math.max(Math.trunc(x) || 0, low), high)

/** Floats to integers: truncated and saturated, NaN gives 0. */
export function cast(to: DType, from: DType, x: number): number {
  if (isFloat(from) && to === 'int32') return saturate(x, -(2 ** 31), 2 ** 31 - 1)
  if (isFloat(from) && to === 'uint32') return saturate(x, 0, 2 ** 32 - 1)
  return fit(to, x)
}

function halfToEven(x: number): number {
  const down = Math.floor(x)
  const rest = x - down
  return rest < 0.5 || (rest === 0.5 && down % 2 === 0) ? down : down + 1
}

/** Abramowitz & Stegun 7.1.6, whose terms are all of one sign. */
function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Number.isNaN(x) ? x : Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) sum += term *= (2 * x * x) / (2 * n + 1)
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

export const unary: Readonly<Record<UnaryOp, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: halfToEven,
  sqrt: Math.sqrt,
  recip: (x) => 1 / x,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  erf,
  not: (x) => Number(x === 0),
}

const binary: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  idiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  // C's: unlike JavaScript's, 1 to any power is 1, and so is (−1)^±∞.
  pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  atan2: Math.atan2,
  max: Math.max,
  min: Math.min,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shr: (a, b) => a >>> b,
}

/** xʸ modulo 2³², by squaring; a negative y gives the power truncated to an integer. */
function integerPow(x: number, y: number): number {
  if (y < 0) return x === 1 ? 1 : x === -1 ? (y % 2 === 0 ? 1 : -1) : 0
  let result = 1
  for (let base = x, n = y; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) result = Math.imul(result, base)
    base = Math.imul(base, base)
  }
  return result
}

/** The operation on operands of a dtype. Products of integers would lose their low bits in a double. */
export function operation(fn: BinaryOp, operands: DType): (a: number, b: number) => number {
  if (isFloat(operands)) return binary[fn]
  return fn === 'mul' ? Math.imul : fn === 'pow' ? integerPow : binary[fn]
}
