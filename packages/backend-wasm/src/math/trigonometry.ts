/**
 * sin, cos, tan, atan2, computed in doubles two at a time: the reduction by π/2 is then good to a float's precision up to |x| = 2²⁸, and the rounding to float
 * is nearly the only error. Polynomials after FreeBSD's msun (k_sinf.c, k_cosf.c, k_tanf.c). Beyond 2²⁸ results lie in [−1, 1] (for tan: are finite), but mean nothing.
 */
import type { V128 } from '../assembler/code.ts'
import { f32x4, f64x2, i32, i32x4, shuffle32, v128 } from '../assembler/instructions.ts'
import { i32Const, type Kit, narrow, polynomialF64, signBit, widen } from './kit.ts'

// π/2 in two parts: n·high is exact for n < 2²⁸.
const halfPiHigh = 1.5707963109016418457
const halfPiLow = 1.58932547735281966916e-8

const sinTail = [0.0000027183114939898219064, -0.000198393348360966317347, 0.0083333293858894631756, -0.166666666416265235595]
const cosTail = [0.0000243904487962774090654, -0.00138867637746099294692, 0.0416666233237390631894, -0.49999999725103100312, 1]
const tanTail = [
  0.00946564784943673166728, 0.00297435743359967304927, 0.0245283181166547278873, 0.0533812378445670393523, 0.133392002712976742718,
  0.333331395030791399758,
]

interface Reduced {
  /** Two of the remainders, −π/4 ≤ r ≤ π/4, as doubles. */
  readonly r: V128
  readonly square: V128
  /** The quadrants, int32, in lanes 0 and 1. */
  readonly quadrant: V128
}

function reduce(kit: Kit, x: V128): Reduced {
  const n = kit.keep(f64x2.nearest(f64x2.mul(x, f64x2.const(2 / Math.PI))))
  const rest = f64x2.sub(f64x2.sub(x, f64x2.mul(n, f64x2.const(halfPiHigh))), f64x2.mul(n, f64x2.const(halfPiLow)))
  // Only huge arguments are clamped; NaN passes.
  const r = kit.keep(f64x2.max(f64x2.min(rest, f64x2.const(0.7854)), f64x2.const(-0.7854)))
  return { r, square: kit.keep(f64x2.mul(r, r)), quadrant: kit.keep(i32x4.truncSatF64SZero(n)) }
}

const odd = (kit: Kit, { r, square }: Reduced, tail: readonly number[]): V128 =>
  kit.keep(f64x2.add(r, f64x2.mul(f64x2.mul(polynomialF64(square, tail), square), r)))

/** sin of x + shift·π/2. */
function sinShifted(kit: Kit, x: V128, shift: number): V128 {
  const [low, high] = widen(kit, x).map((half) => reduce(kit, half)) as [Reduced, Reduced]
  const sines = kit.keep(narrow(odd(kit, low, sinTail), odd(kit, high, sinTail)))
  const cosines = kit.keep(narrow(polynomialF64(low.square, cosTail), polynomialF64(high.square, cosTail)))
  const joined = shuffle32(low.quadrant, high.quadrant, [0, 1, 4, 5])
  const quadrant = kit.keep(i32x4.add(joined, i32Const(kit, shift)))
  const isOdd = i32x4.neg(v128.and(quadrant, i32Const(kit, 1)))
  const sign = i32x4.shl(v128.and(quadrant, i32Const(kit, 2)), i32.const(30))
  return v128.xor(v128.bitselect(cosines, sines, isOdd), sign)
}

/** sin x; −0 stays −0. */
export function sin(kit: Kit, x: V128): V128 {
  return v128.bitselect(x, kit.keep(sinShifted(kit, x, 0)), f32x4.eq(x, kit.constant(v128.zero)))
}

export const cos = (kit: Kit, x: V128): V128 => sinShifted(kit, x, 1)

export function tan(kit: Kit, x: V128): V128 {
  const halves = widen(kit, x).map((half) => {
    const reduced = reduce(kit, half)
    const tangent = odd(kit, reduced, tanTail)
    const { quadrant } = reduced
    const isOdd = i32x4.neg(v128.and(shuffle32(quadrant, quadrant, [0, 0, 1, 1]), i32Const(kit, 1)))
    return kit.keep(v128.bitselect(f64x2.div(f64x2.const(-1), tangent), tangent, isOdd))
  })
  const result = kit.keep(narrow(halves[0]!, halves[1]!))
  return v128.bitselect(x, result, f32x4.eq(x, kit.constant(v128.zero)))
}

// atan(t) / t in t², on 0 ≤ t ≤ 1: interpolated at the Chebyshev points.
const atanTail = [
  -2.6660131302282055e-4, 2.1627903229995897e-3, -8.241888561635621e-3, 1.9937424637813873e-2, -3.5267702055524305e-2, 5.045556441193312e-2,
  -6.36609160792732e-2, 7.61424999237289e-2, -9.076798830731164e-2, 0.11109428357672148, -0.1428559239368834, 0.1999999534035522,
  -0.33333333262478965, 0.9999999999981968,
]

/** The angle of the point (x, y), −π … π, with the signs of zeros and the infinities as in C. */
export function atan2(kit: Kit, y: V128, x: V128): V128 {
  const magnitude = (v: V128): V128 => kit.keep(v128.andnot(v, i32Const(kit, signBit)))
  const ax = magnitude(x)
  const ay = magnitude(y)
  const smaller = kit.keep(f32x4.min(ax, ay))
  const larger = kit.keep(f32x4.max(ax, ay))
  const [s0, s1] = widen(kit, smaller)
  const [l0, l1] = widen(kit, larger)
  const angle = (s: V128, l: V128, ay: V128, ax: V128, x: V128): V128 => {
    // 0/0 and ∞/∞ stand for 0 and 1.
    const ratio = kit.keep(f64x2.div(s, l))
    const isZero = f64x2.eq(l, f64x2.const(0))
    const t = kit.keep(v128.bitselect(f64x2.const(1), v128.andnot(ratio, isZero), f64x2.eq(s, f64x2.const(Infinity))))
    const first = kit.keep(f64x2.mul(polynomialF64(kit.keep(f64x2.mul(t, t)), atanTail), t))
    const steep = kit.keep(v128.bitselect(f64x2.sub(f64x2.const(Math.PI / 2), first), first, f64x2.gt(ay, ax)))
    // x < 0 by its sign bit, so that −0 counts.
    const left = i32x4.shrS(shuffle32(x, x, [1, 1, 3, 3]), i32.const(31))
    return kit.keep(v128.bitselect(f64x2.sub(f64x2.const(Math.PI), steep), steep, left))
  }
  const [ay0, ay1] = widen(kit, ay)
  const [ax0, ax1] = widen(kit, ax)
  const [x0, x1] = widen(kit, x)
  const result = kit.keep(narrow(angle(s0, l0, ay0, ax0, x0), angle(s1, l1, ay1, ax1, x1)))
  return v128.or(result, v128.and(y, i32Const(kit, signBit)))
}
