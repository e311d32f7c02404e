/**
 * exp, expm1, log, log1p: argument reduction after Cody and Waite, polynomials after Cephes (S. L. Moshier); tanh, erf. conformance's `wasm-functions.test.ts`
 * holds the largest errors.
 */
import type { V128 } from '../assembler/code.ts'
import { f32x4, i32, i32x4, v128 } from '../assembler/instructions.ts'
import { clamp, copySign, f32Const, i32Const, type Kit, polynomial, signBit } from './kit.ts'

// log 2 in two parts, so that n·high is exact.
const log2High = 0.693359375
const log2Low = -2.1219444e-4

// (eʳ − 1 − r) / r² on |r| ≤ ½ log 2, least in what is the largest relative error of eʳ: 4e-9.
const expTail = [0.00138143206, 0.00836885069, 0.0416684002, 0.166665196, 0.49999994]
const twiceExp = [...expTail, 1, 1].map((c) => 2 * c)

/** Adding this leaves no place for a fraction: the sum's low bits are the rounded integer, plus 126. */
const rounding = 1.5 * 2 ** 23 + 126

/** x = n·log 2 + r with |r| ≤ ½ log 2: r, and n + 126 in the low bits of `shifted`. */
function reduceExp(kit: Kit, x: V128): { shifted: V128; r: V128 } {
  const shifted = kit.keep(kit.madd(x, f32Const(kit, Math.LOG2E), f32Const(kit, rounding)))
  const n = kit.keep(f32x4.sub(shifted, f32Const(kit, rounding)))
  return { shifted, r: kit.keep(kit.madd(n, f32Const(kit, -log2Low), kit.madd(n, f32Const(kit, -log2High), x))) }
}

/** 2^(m − 127) for the m in the low bits, and 0 for m = 0. */
const scaleOf = (m: V128): V128 => i32x4.shl(m, i32.const(23))

/** eˣ; 0 below 2^−125.5, where one scale does not reach. */
export function exp(kit: Kit, x: V128): V128 {
  // n goes from −126 to 128, and 2ⁿ⁻¹ from 0 to the greatest power of two.
  const { shifted, r } = reduceExp(kit, clamp(kit, x, -87.5, 89))
  return f32x4.mul(polynomial(kit, r, twiceExp), scaleOf(shifted))
}

/** eˣ − 1. */
export function expm1(kit: Kit, x: V128): V128 {
  // Below −20 the result rounds to −1.
  const { shifted, r } = reduceExp(kit, clamp(kit, x, -20, 89))
  const expm1r = kit.madd(kit.keep(f32x4.mul(r, r)), kit.keep(polynomial(kit, r, expTail)), r)
  // 2ⁿ(eʳ − 1) + (2ⁿ − 1), halved so that 2ⁿ does not overflow before the end.
  const scale = kit.keep(scaleOf(shifted))
  const half = kit.keep(kit.madd(scale, expm1r, f32x4.sub(scale, f32Const(kit, 0.5))))
  return copySign(kit, f32x4.add(half, half), x)
}

// (log(1 + f) − f + f²/2) / f³ on √½ ≤ 1 + f < √2.
const logTail = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
  3.3333331174e-1,
]
const smallestNormal = 2 ** -126

/** log x. */
export function log(kit: Kit, x: V128): V128 {
  const denormal = kit.keep(f32x4.lt(x, f32Const(kit, smallestNormal)))
  const normal = kit.keep(v128.bitselect(f32x4.mul(x, f32Const(kit, 2 ** 23)), x, denormal))
  // Subtracting √½'s bits leaves the exponent of a mantissa in [√½, √2).
  const shifted = kit.keep(i32x4.sub(normal, i32Const(kit, 0x3f3504f3)))
  const exponent = kit.keep(f32x4.convertI32S(i32x4.sub(i32x4.shrS(shifted, i32.const(23)), v128.and(denormal, i32Const(kit, 23)))))
  const mantissa = i32x4.add(v128.and(shifted, i32Const(kit, 0x7fffff)), i32Const(kit, 0x3f3504f3))
  const f = kit.keep(f32x4.sub(mantissa, f32Const(kit, 1)))
  const f2 = kit.keep(f32x4.mul(f, f))
  const tail = kit.keep(f32x4.mul(f32x4.mul(polynomial(kit, f, logTail), f), f2))
  const low = kit.keep(kit.madd(f2, f32Const(kit, -0.5), kit.madd(exponent, f32Const(kit, log2Low), tail)))
  const result = kit.keep(kit.madd(exponent, f32Const(kit, log2High), f32x4.add(f, low)))
  // NaN and +∞ stay what they are, 0 gives −∞, and less gives NaN.
  const finite = kit.keep(v128.bitselect(result, x, f32x4.lt(x, f32Const(kit, Infinity))))
  const zero = kit.keep(v128.bitselect(f32Const(kit, -Infinity), finite, f32x4.eq(x, kit.constant(v128.zero))))
  return v128.bitselect(f32Const(kit, NaN), zero, f32x4.lt(x, kit.constant(v128.zero)))
}

/** log(1 + x), with what rounding 1 + x lost put back. */
export function log1p(kit: Kit, x: V128): V128 {
  const one = f32Const(kit, 1)
  const u = kit.keep(f32x4.add(x, one))
  const large = f32x4.ge(x, one)
  const lost = v128.bitselect(f32x4.sub(one, f32x4.sub(u, x)), f32x4.sub(x, f32x4.sub(u, one)), large)
  const correction = kit.keep(f32x4.div(lost, u))
  const usable = v128.and(f32x4.gt(u, kit.constant(v128.zero)), f32x4.lt(u, f32Const(kit, Infinity)))
  const result = f32x4.add(log(kit, u), v128.and(correction, usable))
  return v128.bitselect(x, kit.keep(result), f32x4.eq(x, kit.constant(v128.zero)))
}

// tanh x = x·P(x²) / Q(x²) on |x| ≤ 9.22, least in the largest relative error (2.2e-8 before rounding) of those with P(0) = Q(0) = 1, so that tiny x stay.
const tanhOver = [1.33843541698175e-8, 2.0635882222068163e-5, 0.003497461793888294, 0.13382690899665545, 1]
const tanhUnder = [7.790279512256201e-7, 0.00032885237588970535, 0.025884377077361326, 0.46716012170864857, 1]

/** tanh x. Where the result rounds to 1, so does the quotient, or it is a little above. */
export function tanh(kit: Kit, x: V128): V128 {
  const inner = clamp(kit, x, -9.22, 9.22)
  const square = kit.keep(f32x4.mul(inner, inner))
  const over = f32x4.mul(inner, polynomial(kit, square, tanhOver))
  return clamp(kit, f32x4.div(over, polynomial(kit, square, tanhUnder)), -1, 1)
}

// After N. Juffa's erff: erf x = x·P(x²) on |x| ≤ 0.9277, else ±(1 − e^{P(|x|)}).
const erfInner = [-5.96761703e-4, 4.99119423e-3, -2.67681349e-2, 1.12819925e-1, -3.76125336e-1, 1.28379166e-1]
const erfOuter = [-1.7285347e-5, 3.83197126e-4, -3.88396438e-3, 2.42546219e-2, -1.06777877e-1, -6.34846687e-1, -1.28717512e-1]

/** erf x. */
export function erf(kit: Kit, x: V128): V128 {
  // From 4 on the result rounds to 1.
  const size = kit.keep(f32x4.pmin(v128.andnot(x, i32Const(kit, signBit)), f32Const(kit, 4)))
  const exponent = kit.keep(polynomial(kit, size, erfOuter))
  const outer = kit.keep(f32x4.sub(f32Const(kit, 1), exp(kit, kit.keep(kit.madd(exponent, size, f32x4.neg(size))))))
  const square = kit.keep(f32x4.mul(x, x))
  const inner = kit.keep(kit.madd(polynomial(kit, square, erfInner), x, x))
  return v128.bitselect(copySign(kit, outer, x), inner, f32x4.gt(size, f32Const(kit, 0.927734375)))
}
