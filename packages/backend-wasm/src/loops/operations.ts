/**
 * Every scalar operation as instructions, once for single values and once for four lanes. Bools are 0 or 1 as single values, and all
 * zeros or all ones in a lane. Where there is no vector instruction the lanes are taken one by one.
 */
import { type BinaryOp, type DType, type Expr, isFloat, type UnaryOp, UnsupportedError } from '@tenon/kernel'
import { choose, type F32, type I32, type V128, type Value } from '../assembler/code.ts'
import { f32, f32x4, i32, i32x4, v128 } from '../assembler/instructions.ts'
import type { Kit } from '../math/kit.ts'
import { isInlined, type MathFunction, type MathFunction2, type MathFunctions, routines } from '../math/routines.ts'
import { divide, isPowerOfTwo, remainder } from './division.ts'

/** What an operation's code may use. */
export interface Target extends Kit {
  readonly math: MathFunctions
  /** Computes a single value now, for use any number of times. */
  keepScalar<T extends Value>(value: T): T
}

export type Width = 'scalar' | 'vector'

export const scalarType = (dtype: DType): 'f32' | 'i32' => (dtype === 'float32' ? 'f32' : 'i32')

const isMath = (fn: UnaryOp): fn is MathFunction => fn in routines
const unsupported = (fn: string, dtype: DType): never => {
  throw new UnsupportedError(`wasm: there is no ${fn} of ${dtype}`)
}

const mathCall = (t: Target, fn: MathFunction, x: V128): V128 => (isInlined(fn) ? routines[fn](t, x) : t.math.call(fn, x))

/** An operation on single values by way of lane 0, so that both widths give the same bits. */
const onLane0 = (f: (x: V128) => V128, x: Value): F32 => f32x4.extract(f(f32x4.splat(x as F32)), 0)

// ── unary ──

export function unary(t: Target, fn: UnaryOp, dtype: DType, x: Value, width: Width): Value {
  if (width === 'vector') return unaryVector(t, fn, dtype, x as V128)
  if (isMath(fn)) return onLane0((lanes) => mathCall(t, fn, t.keep(lanes)), x)
  if (fn === 'not') return i32.eqz(x as I32)
  if (dtype === 'float32') return floatUnary(fn, x as F32)
  const value = x as I32
  switch (fn) {
    case 'neg':
      return i32.sub(i32.const(0), value)
    case 'abs':
      return dtype === 'int32' ? choose(i32.ltS(value, i32.const(0)), i32.sub(i32.const(0), value), value) : value
    case 'sign':
      return dtype === 'int32' ? i32.sub(i32.gtS(value, i32.const(0)), i32.ltS(value, i32.const(0))) : i32.ne(value, i32.const(0))
    case 'floor':
    case 'ceil':
    case 'round':
      return value
    default:
      return unsupported(fn, dtype)
  }
}

function floatUnary(fn: Exclude<UnaryOp, MathFunction | 'not'>, x: F32): F32 {
  switch (fn) {
    case 'neg':
      return f32.neg(x)
    case 'abs':
      return f32.abs(x)
    // NaN and the zeros are their own signs.
    case 'sign':
      return choose(f32.gt(x, f32.const(0)), f32.const(1), choose(f32.lt(x, f32.const(0)), f32.const(-1), x))
    case 'floor':
      return f32.floor(x)
    case 'ceil':
      return f32.ceil(x)
    case 'round':
      return f32.nearest(x)
    case 'sqrt':
      return f32.sqrt(x)
    case 'recip':
      return f32.div(f32.const(1), x)
  }
}

function unaryVector(t: Target, fn: UnaryOp, dtype: DType, x: V128): V128 {
  if (isMath(fn)) return mathCall(t, fn, x)
  const isF32 = dtype === 'float32'
  switch (fn) {
    case 'not':
      return v128.not(x)
    case 'neg':
      return isF32 ? f32x4.neg(x) : i32x4.neg(x)
    case 'abs':
      return isF32 ? f32x4.abs(x) : dtype === 'int32' ? i32x4.abs(x) : x
    case 'sign':
      return signVector(t, dtype, x)
    case 'floor':
      return isF32 ? f32x4.floor(x) : x
    case 'ceil':
      return isF32 ? f32x4.ceil(x) : x
    case 'round':
      return isF32 ? f32x4.nearest(x) : x
    case 'sqrt':
      return isF32 ? f32x4.sqrt(x) : unsupported(fn, dtype)
    case 'recip':
      return isF32 ? f32x4.div(t.constant(f32x4.const(1)), x) : unsupported(fn, dtype)
  }
}

function signVector(t: Target, dtype: DType, x: V128): V128 {
  const zero = t.constant(v128.zero)
  if (dtype === 'float32') {
    const one = t.constant(f32x4.const(1))
    const orNegative = v128.bitselect(t.constant(f32x4.const(-1)), x, f32x4.lt(x, zero))
    return v128.bitselect(one, orNegative, f32x4.gt(x, zero))
  }
  if (dtype === 'int32') return i32x4.sub(i32x4.gtS(zero, x), i32x4.gtS(x, zero))
  return v128.and(i32x4.ne(x, zero), t.constant(i32x4.const(1)))
}

// ── binary ──

type Pair<T extends Value> = (a: T, b: T) => Value

const floatPairs: Partial<Record<BinaryOp, readonly [Pair<F32>, Pair<V128>]>> = {
  add: [f32.add, f32x4.add],
  sub: [f32.sub, f32x4.sub],
  mul: [f32.mul, f32x4.mul],
  div: [f32.div, f32x4.div],
  max: [f32.max, f32x4.max],
  min: [f32.min, f32x4.min],
  lt: [f32.lt, f32x4.lt],
  le: [f32.le, f32x4.le],
  eq: [f32.eq, f32x4.eq],
  ne: [f32.ne, f32x4.ne],
}

const scalarMax =
  (greater: Pair<I32>): Pair<I32> =>
  (a, b) =>
    choose(greater(a, b) as I32, a, b)

const integerPairs: Partial<Record<BinaryOp, readonly [Pair<I32>, Pair<V128>]>> = {
  add: [i32.add, i32x4.add],
  sub: [i32.sub, i32x4.sub],
  mul: [i32.mul, i32x4.mul],
  and: [i32.and, v128.and],
  or: [i32.or, v128.or],
  xor: [i32.xor, v128.xor],
  eq: [i32.eq, i32x4.eq],
  ne: [i32.ne, i32x4.ne],
}

const signedPairs: typeof integerPairs = {
  lt: [i32.ltS, i32x4.ltS],
  le: [i32.leS, i32x4.leS],
  max: [scalarMax(i32.gtS), i32x4.maxS],
  min: [scalarMax(i32.ltS), i32x4.minS],
}

const unsignedPairs: typeof integerPairs = {
  lt: [i32.ltU, i32x4.ltU],
  le: [i32.leU, i32x4.leU],
  max: [scalarMax(i32.gtU), i32x4.maxU],
  min: [scalarMax(i32.ltU), i32x4.minU],
}

// As masks, true is −1 and so the smaller.
const boolPairs: typeof integerPairs = {
  lt: [i32.ltU, (a, b) => v128.andnot(b, a)],
  le: [i32.leU, (a, b) => v128.or(v128.not(a), b)],
  max: [i32.or, v128.or],
  min: [i32.and, v128.and],
  mul: [i32.and, v128.and],
  add: [i32.or, v128.or],
}

function pairOf(fn: BinaryOp, dtype: DType): readonly [Pair<never>, Pair<never>] | undefined {
  switch (dtype) {
    case 'float32':
      return floatPairs[fn]
    case 'int32':
      return signedPairs[fn] ?? integerPairs[fn]
    case 'uint32':
      return unsignedPairs[fn] ?? integerPairs[fn]
    case 'bool':
      return boolPairs[fn] ?? integerPairs[fn]
    default:
      return undefined
  }
}

/** `right` is b as an expression: a literal or a uniform one has shorter code. Operands are used more than once. */
export function binary(t: Target, fn: BinaryOp, dtype: DType, a: Value, b: Value, right: Expr, width: Width): Value {
  const pair = pairOf(fn, dtype)
  if (pair) return width === 'vector' ? pair[1](a as never, b as never) : pair[0](a as never, b as never)
  if (fn === 'pow' || fn === 'atan2') return power(t, fn, dtype, a, b, width)
  if (isFloat(dtype)) return unsupported(fn, dtype)
  if (width === 'scalar') return integerBinary(fn, dtype, a as I32, b as I32, right)
  if (right.op === 'literal') {
    const short = integerByLiteral(t, fn, dtype, a as V128, right.value)
    if (short) return short
  }
  return byLanes(t, a as V128, b as V128, (x, y) => integerBinary(fn, dtype, x, y, right))
}

function power(t: Target, fn: MathFunction2, dtype: DType, a: Value, b: Value, width: Width): Value {
  if (dtype === 'float32') {
    if (width === 'vector') return t.math.call2(fn, a as V128, b as V128)
    return f32x4.extract(t.math.call2(fn, f32x4.splat(a as F32), f32x4.splat(b as F32)), 0)
  }
  if (fn === 'atan2') return unsupported(fn, dtype)
  const one = (x: I32, y: I32): I32 => t.math.integerPower(x, y)
  return width === 'vector' ? byLanes(t, a as V128, b as V128, one) : one(a as I32, b as I32)
}

function integerBinary(fn: BinaryOp, dtype: DType, a: I32, b: I32, right: Expr): I32 {
  const signed = dtype === 'int32'
  const divisor = right.op === 'literal' ? right.value : null
  switch (fn) {
    case 'idiv':
      return divide(a, b, divisor, signed)
    case 'mod':
      return remainder(a, b, divisor, signed)
    case 'shl':
      return i32.shl(a, b)
    case 'shr':
      return i32.shrU(a, b)
    default:
      return unsupported(fn, dtype)
  }
}

function integerByLiteral(t: Target, fn: BinaryOp, dtype: DType, a: V128, value: number): V128 | null {
  const log2 = i32.const(Math.log2(value))
  if (fn === 'shl') return i32x4.shl(a, i32.const(value))
  if (fn === 'shr') return i32x4.shrU(a, i32.const(value))
  if (fn === 'idiv' && isPowerOfTwo(value)) return dtype === 'int32' ? i32x4.shrS(a, log2) : i32x4.shrU(a, log2)
  if (fn === 'mod' && isPowerOfTwo(value)) return v128.and(a, t.constant(i32x4.const(value - 1)))
  return null
}

function byLanes(t: Target, a: V128, b: V128, f: (a: I32, b: I32) => I32): V128 {
  return [0, 1, 2, 3].reduce<V128>((result, lane) => {
    const x = t.keepScalar(i32x4.extract(a, lane))
    const y = t.keepScalar(i32x4.extract(b, lane))
    return i32x4.replace(result, lane, t.keepScalar(f(x, y)))
  }, v128.zero)
}

// ── select and cast ──

export const select = (cond: Value, a: Value, b: Value, width: Width): Value =>
  width === 'vector' ? v128.bitselect(a as V128, b as V128, cond as V128) : choose(cond as I32, a, b)

export function cast(t: Target, from: DType, to: DType, x: Value, width: Width): Value {
  if (from === to) return x
  return width === 'vector' ? castVector(t, from, to, x as V128) : castScalar(from, to, x)
}

function castScalar(from: DType, to: DType, x: Value): Value {
  if (to === 'bool') return from === 'float32' ? f32.ne(x as F32, f32.const(0)) : i32.ne(x as I32, i32.const(0))
  if (from === 'float32') return to === 'int32' ? i32.truncSatF32S(x as F32) : i32.truncSatF32U(x as F32)
  if (to === 'float32') return from === 'uint32' ? f32.convertI32U(x as I32) : f32.convertI32S(x as I32)
  return x
}

function castVector(t: Target, from: DType, to: DType, x: V128): V128 {
  const zero = t.constant(v128.zero)
  if (to === 'bool') return from === 'float32' ? f32x4.ne(x, zero) : i32x4.ne(x, zero)
  if (from === 'bool') return v128.and(x, t.constant(to === 'float32' ? f32x4.const(1) : i32x4.const(1)))
  if (from === 'float32') return to === 'int32' ? i32x4.truncSatF32S(x) : i32x4.truncSatF32U(x)
  if (to === 'float32') return from === 'uint32' ? f32x4.convertI32U(x) : f32x4.convertI32S(x)
  return x
}

/** Four lanes of one value. */
export function splat(dtype: DType, x: Value): V128 {
  if (dtype === 'float32') return f32x4.splat(x as F32)
  return i32x4.splat(dtype === 'bool' ? i32.sub(i32.const(0), x as I32) : (x as I32))
}

export function literal(dtype: DType, value: number, width: Width): Value {
  if (dtype === 'float32') return width === 'vector' ? f32x4.const(value) : f32.const(value)
  const bits = dtype === 'bool' && width === 'vector' ? -value : value
  return width === 'vector' ? i32x4.const(bits) : i32.const(bits)
}

/** One lane as a single value. */
export function extract(dtype: DType, x: V128, lane: number): Value {
  if (dtype === 'float32') return f32x4.extract(x, lane)
  const bits = i32x4.extract(x, lane)
  return dtype === 'bool' ? i32.and(bits, i32.const(1)) : bits
}
