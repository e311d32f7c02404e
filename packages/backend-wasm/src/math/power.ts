/** pow as in C, computed as 2^(y·log₂|x|) in doubles two at a time, so that the rounding to float is nearly the only error. */
import type { V128 } from '../assembler/code.ts'
import { f32x4, f64x2, i32, i32x4, i64x2, shuffle32, v128 } from '../assembler/instructions.ts'
import { f32Const, i32Const, type Kit, narrow, polynomialF64, signBit, widen } from './kit.ts'

// log₂ of a mantissa in [√½, √2): 2·atanh(s) / log 2 with s = (m − 1) / (m + 1), a series in s².
const log2Series = [13, 11, 9, 7, 5, 3, 1].map((n) => 2 / Math.LN2 / n)
// 2^f on |f| ≤ ½: the exponential series.
const exp2Series = [8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => Math.LN2 ** n / [1, 1, 2, 6, 24, 120, 720, 5040, 40320][n]!)

const sqrtHalfHigh = 0x3fe6a09e
/** The high word of a double, in both of its lanes' halves: [w, 0]. */
const highWord = (word: number): V128 => i32x4.lanes(0, word, 0, word)

function log2(kit: Kit, x: V128): V128 {
  const shifted = kit.keep(i64x2.sub(x, highWord(sqrtHalfHigh)))
  const exponentBits = kit.keep(v128.and(shifted, highWord(-0x100000)))
  const m = kit.keep(i64x2.sub(x, exponentBits))
  const highs = shuffle32(exponentBits, exponentBits, [1, 3, 1, 3])
  const exponent = f64x2.convertLowI32S(i32x4.shrS(highs, i32.const(20)))
  const s = kit.keep(f64x2.div(f64x2.sub(m, f64x2.const(1)), f64x2.add(m, f64x2.const(1))))
  const series = polynomialF64(kit.keep(f64x2.mul(s, s)), log2Series)
  const finite = kit.keep(f64x2.add(exponent, f64x2.mul(s, series)))
  const orInfinite = kit.keep(v128.bitselect(x, finite, f64x2.eq(x, f64x2.const(Infinity))))
  return v128.bitselect(f64x2.const(-Infinity), orInfinite, f64x2.eq(x, f64x2.const(0)))
}

function exp2(kit: Kit, x: V128): V128 {
  // The ends give 0 and ∞ when they become floats.
  const clamped = kit.keep(f64x2.max(f64x2.min(x, f64x2.const(130)), f64x2.const(-160)))
  const n = kit.keep(f64x2.nearest(clamped))
  const mantissa = polynomialF64(kit.keep(f64x2.sub(clamped, n)), exp2Series)
  const whole = i64x2.extendLowS32(i32x4.truncSatF64SZero(n))
  return f64x2.mul(mantissa, i64x2.add(i64x2.shl(whole, i32.const(52)), f64x2.const(1)))
}

export function pow(kit: Kit, x: V128, y: V128): V128 {
  const zero = kit.constant(v128.zero)
  const one = f32Const(kit, 1)
  const infinity = f32Const(kit, Infinity)
  const size = kit.keep(v128.andnot(x, i32Const(kit, signBit)))
  const [x0, x1] = widen(kit, size)
  const [y0, y1] = widen(kit, y)
  const half = (a: V128, b: V128): V128 => kit.keep(exp2(kit, kit.keep(f64x2.mul(b, log2(kit, a)))))
  const magnitude = kit.keep(narrow(half(x0, y0), half(x1, y1)))

  const negative = kit.keep(i32x4.shrS(x, i32.const(31)))
  const isWhole = kit.keep(f32x4.eq(y, f32x4.floor(y)))
  const halved = kit.keep(f32x4.mul(y, f32Const(kit, 0.5)))
  const isOdd = v128.andnot(isWhole, f32x4.eq(halved, f32x4.floor(halved)))
  const sign = v128.and(v128.and(negative, isOdd), i32Const(kit, signBit))
  const signed = kit.keep(v128.or(magnitude, sign))

  // No real result: a negative finite base and an exponent that is not whole.
  const finiteBase = v128.and(f32x4.lt(x, zero), f32x4.lt(size, infinity))
  const unreal = v128.andnot(finiteBase, isWhole)
  const isNaN = v128.or(v128.or(unreal, f32x4.ne(x, x)), f32x4.ne(y, y))
  const result = kit.keep(v128.bitselect(f32Const(kit, NaN), signed, isNaN))
  // 1 whatever the other is, and (−1)^±∞.
  const ySize = v128.andnot(y, i32Const(kit, signBit))
  const minusOne = v128.and(f32x4.eq(size, one), f32x4.eq(ySize, infinity))
  const isOne = v128.or(v128.or(f32x4.eq(y, zero), f32x4.eq(x, one)), minusOne)
  return v128.bitselect(one, result, isOne)
}
