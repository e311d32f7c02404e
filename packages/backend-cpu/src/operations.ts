/**
 * The scalar operations as loops over blocks of points. All values are doubles here, whatever their dtype: a loop computes
 * in double, and what it gives is then rounded to its dtype (`settle`), which for float32 is the correctly rounded result.
 * Every loop is written out, so that the engine compiles each for itself.
 */
import { type BinaryOp, type DType, isFloat, type TypedArray, type UnaryOp } from '@tenon/kernel'
import { erf, integerPow, pow, roundHalfEven } from './special.ts'

/** The values of one expression at consecutive points. */
export type Block = Float64Array

type UnaryLoop = (out: Block, x: Block, n: number) => void
type BinaryLoop = (out: Block, a: Block, b: Block, n: number) => void

// biome-ignore format: a row for each operation
export const unaryLoops: Readonly<Record<UnaryOp, UnaryLoop>> = {
  neg: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = -x[i]! },
  abs: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.abs(x[i]!) },
  sign: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.sign(x[i]!) },
  floor: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.floor(x[i]!) },
  ceil: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.ceil(x[i]!) },
  round: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = roundHalfEven(x[i]!) },
  sqrt: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.sqrt(x[i]!) },
  recip: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = 1 / x[i]! },
  exp: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.exp(x[i]!) },
  expm1: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.expm1(x[i]!) },
  log: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.log(x[i]!) },
  log1p: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.log1p(x[i]!) },
  sin: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.sin(x[i]!) },
  cos: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.cos(x[i]!) },
  tan: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.tan(x[i]!) },
  tanh: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = Math.tanh(x[i]!) },
  erf: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = erf(x[i]!) },
  not: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = x[i] === 0 ? 1 : 0 },
}

// biome-ignore format: a row for each operation
export const binaryLoops: Readonly<Record<BinaryOp, BinaryLoop>> = {
  add: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! + b[i]! },
  sub: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! - b[i]! },
  mul: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! * b[i]! },
  div: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! / b[i]! },
  idiv: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = b[i] === 0 ? 0 : Math.floor(a[i]! / b[i]!) },
  mod: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = b[i] === 0 ? 0 : a[i]! - b[i]! * Math.floor(a[i]! / b[i]!) },
  pow: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = pow(a[i]!, b[i]!) },
  atan2: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.atan2(a[i]!, b[i]!) },
  max: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.max(a[i]!, b[i]!) },
  min: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.min(a[i]!, b[i]!) },
  lt: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! < b[i]! ? 1 : 0 },
  le: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! <= b[i]! ? 1 : 0 },
  eq: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! === b[i]! ? 1 : 0 },
  ne: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! !== b[i]! ? 1 : 0 },
  and: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! & b[i]! },
  or: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! | b[i]! },
  xor: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! ^ b[i]! },
  shl: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! << b[i]! },
  shr: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = a[i]! >>> b[i]! },
}

/** Products and powers of integers would lose their low bits in a double. */
// biome-ignore format: a row for each operation
const integerLoops: Partial<Record<BinaryOp, BinaryLoop>> = {
  mul: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.imul(a[i]!, b[i]!) },
  pow: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = integerPow(a[i]!, b[i]!) },
}

/** The commonest operations, with the rounding of `settle` in the same loop. */
// biome-ignore format: a row for each operation
const float32Loops: Partial<Record<BinaryOp, BinaryLoop>> = {
  add: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.fround(a[i]! + b[i]!) },
  sub: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.fround(a[i]! - b[i]!) },
  mul: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.fround(a[i]! * b[i]!) },
  div: (out, a, b, n) => { for (let i = 0; i < n; i++) out[i] = Math.fround(a[i]! / b[i]!) },
}

/** The loops of an operation on operands of a dtype: itself, and what makes of its results values of the dtype. */
export function binaryLoop(fn: BinaryOp, dtype: DType): { loop: BinaryLoop; settle: InPlaceLoop | null } {
  const fused = dtype === 'float32' && float32Loops[fn]
  if (fused) return { loop: fused, settle: null }
  return { loop: (!isFloat(dtype) && integerLoops[fn]) || binaryLoops[fn], settle: settleAfter(fn, dtype) }
}

export function selectLoop(out: Block, cond: Block, a: Block, b: Block, n: number): void {
  for (let i = 0; i < n; i++) out[i] = cond[i] === 0 ? b[i]! : a[i]!
}

export type InPlaceLoop = (x: Block, n: number) => void

/** Rounds, or wraps, what was computed in double to what a value of this dtype can be. */
// biome-ignore format: a row for each operation
export const settle: Readonly<Record<DType, InPlaceLoop | null>> = {
  float32: (x, n) => { for (let i = 0; i < n; i++) x[i] = Math.fround(x[i]!) },
  float64: null,
  int32: (x, n) => { for (let i = 0; i < n; i++) x[i] = x[i]! | 0 },
  uint32: (x, n) => { for (let i = 0; i < n; i++) x[i] = x[i]! >>> 0 },
  bool: null,
}

/** These give a value of their dtype by themselves: no rounding, no overflow. */
const exact: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>([
  'sign',
  'floor',
  'ceil',
  'round',
  'not',
  'max',
  'min',
  'lt',
  'le',
  'eq',
  'ne',
])
const exactOnFloats: ReadonlySet<UnaryOp | BinaryOp> = new Set<UnaryOp | BinaryOp>(['neg', 'abs'])

export const settleAfter = (fn: UnaryOp | BinaryOp, dtype: DType): InPlaceLoop | null =>
  exact.has(fn) || (exactOnFloats.has(fn) && isFloat(dtype)) ? null : settle[dtype]

type CastLoop = (out: Block, x: Block, n: number) => void

const saturate = (x: number, low: number, high: number): number => Math.min(Math.max(Math.trunc(x) || 0, low), high)

// biome-ignore format: a row for each operation
const fromFloat = {
  int32: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = saturate(x[i]!, -(2 ** 31), 2 ** 31 - 1) },
  uint32: (out, x, n) => { for (let i = 0; i < n; i++) out[i] = saturate(x[i]!, 0, 2 ** 32 - 1) },
} satisfies Partial<Record<DType, CastLoop>>

// biome-ignore format: a row for each operation
const toBool: CastLoop = (out, x, n) => { for (let i = 0; i < n; i++) out[i] = x[i] === 0 ? 0 : 1 }
// biome-ignore format: a row for each operation
const copy: CastLoop = (out, x, n) => { for (let i = 0; i < n; i++) out[i] = x[i]! }

/** To be followed by `settle`, which rounds to float32 and wraps between the integers. */
export function castLoop(from: DType, to: DType): CastLoop {
  if (to === 'bool') return toBool
  return isFloat(from) && (to === 'int32' || to === 'uint32') ? fromFloat[to] : copy
}

// ── memory: one loop for each dtype, because a loop that sees several kinds of arrays is slow for all of them ──

type Gather = (out: Block, data: TypedArray, index: Block, n: number) => void
type Scatter = (data: TypedArray, index: Block, values: Block, n: number) => void

// biome-ignore format: a row for each operation
export const gathers: Readonly<Record<DType, Gather>> = {
  float32: (out, data, index, n) => { for (let i = 0; i < n; i++) out[i] = data[index[i]!]! },
  float64: (out, data, index, n) => { for (let i = 0; i < n; i++) out[i] = data[index[i]!]! },
  int32: (out, data, index, n) => { for (let i = 0; i < n; i++) out[i] = data[index[i]!]! },
  uint32: (out, data, index, n) => { for (let i = 0; i < n; i++) out[i] = data[index[i]!]! },
  bool: (out, data, index, n) => { for (let i = 0; i < n; i++) out[i] = data[index[i]!]! },
}

type MaskedGather = (out: Block, data: TypedArray, index: Block, valid: Block, n: number) => void

// biome-ignore format: a row for each operation
export const maskedGathers: Readonly<Record<DType, MaskedGather>> = {
  float32: (out, data, index, valid, n) => { for (let i = 0; i < n; i++) out[i] = valid[i] === 0 ? 0 : data[index[i]!]! },
  float64: (out, data, index, valid, n) => { for (let i = 0; i < n; i++) out[i] = valid[i] === 0 ? 0 : data[index[i]!]! },
  int32: (out, data, index, valid, n) => { for (let i = 0; i < n; i++) out[i] = valid[i] === 0 ? 0 : data[index[i]!]! },
  uint32: (out, data, index, valid, n) => { for (let i = 0; i < n; i++) out[i] = valid[i] === 0 ? 0 : data[index[i]!]! },
  bool: (out, data, index, valid, n) => { for (let i = 0; i < n; i++) out[i] = valid[i] === 0 ? 0 : data[index[i]!]! },
}

// biome-ignore format: a row for each operation
export const scatters: Readonly<Record<DType, Scatter>> = {
  float32: (data, index, values, n) => { for (let i = 0; i < n; i++) data[index[i]!] = values[i]! },
  float64: (data, index, values, n) => { for (let i = 0; i < n; i++) data[index[i]!] = values[i]! },
  int32: (data, index, values, n) => { for (let i = 0; i < n; i++) data[index[i]!] = values[i]! },
  uint32: (data, index, values, n) => { for (let i = 0; i < n; i++) data[index[i]!] = values[i]! },
  bool: (data, index, values, n) => { for (let i = 0; i < n; i++) data[index[i]!] = values[i]! },
}
