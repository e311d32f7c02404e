/** The scalar operations: one row each. Every value is a double that its dtype can hold. */
import { type BinaryOp, type DType, isFloat, type UnaryOp } from '@tenon/kernel'

/** What was computed in double as a value of this dtype: floats rounded, integers wrapped. */
export function settle(dtype: DType, x: number): number {
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

/** Floats become integers by truncation; what is too large becomes the largest, NaN 0. */
export function cast(dtype: DType, from: DType, x: number): number {
  const within = (low: number, high: number): number => Math.max(low, Math.min(high, Math.trunc(x))) || 0
  if (isFloat(from) && dtype === 'int32') return within(-(2 ** 31), 2 ** 31 - 1)
  if (isFloat(from) && dtype === 'uint32') return within(0, 2 ** 32 - 1)
  return settle(dtype, x)
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
  pow: power,
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

/** `dtype` is that of the result: for integers, products need all their bits. */
export function applyBinary(fn: BinaryOp, dtype: DType, a: number, b: number): number {
  return settle(dtype, fn === 'mul' && !isFloat(dtype) ? Math.imul(a, b) : binary[fn](a, b))
}

function halfToEven(x: number): number {
  const down = Math.floor(x)
  if (x - down !== 0.5) return Math.round(x)
  return down % 2 === 0 ? down : down + 1
}

/** As IEEE 754 has it: 1 to any power is 1, and ±1 to ±∞ too, where JavaScript gives NaN. */
function power(a: number, b: number): number {
  if (b === 0 || a === 1) return 1
  return Math.abs(a) === 1 && Math.abs(b) === Infinity ? 1 : a ** b
}

/** Abramowitz and Stegun 7.1.5 and 7.1.14: the series near 0, the continued fraction far from it. */
function erf(x: number): number {
  const size = Math.abs(x)
  if (!(size <= 6)) return Math.sign(x)
  if (size < 2.5) {
    let [term, sum] = [x, x]
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction)
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)))
}
