/** What the routines of this folder are written with. */
import type { V128 } from '../assembler/code.ts'
import { f32x4, f64x2, i32x4, shuffle32, v128 } from '../assembler/instructions.ts'

/** Where the code of a routine goes: inline into a loop, or into a function of its own. */
export interface Kit {
  /** Computes a value now, for use any number of times. */
  keep(value: V128): V128
  /** A constant, loaded outside of the loop where there is one. */
  constant(value: V128): V128
  /** a·b + c: fused where the engine has relaxed SIMD, otherwise in two steps. */
  madd(a: V128, b: V128, c: V128): V128
}

/** Four floats to four floats. */
export type Routine1 = (kit: Kit, x: V128) => V128
export type Routine2 = (kit: Kit, a: V128, b: V128) => V128

export const signBit = -0x80000000

/** Coefficients from the highest power down, in x. */
export function polynomial(kit: Kit, x: V128, coefficients: readonly number[]): V128 {
  const [first, ...rest] = coefficients.map((c) => kit.constant(f32x4.const(c)))
  return rest.reduce((sum, c) => kit.madd(sum, x, c), first!)
}

export const polynomialF64 = (x: V128, coefficients: readonly number[]): V128 => {
  const [first, ...rest] = coefficients.map((c) => f64x2.const(c))
  return rest.reduce((sum, c) => f64x2.add(f64x2.mul(sum, x), c), first!)
}

export const f32Const = (kit: Kit, value: number): V128 => kit.constant(f32x4.const(value))
export const i32Const = (kit: Kit, value: number): V128 => kit.constant(i32x4.const(value))

/** The magnitude of `x` with the sign of `sign`. */
export const copySign = (kit: Kit, x: V128, sign: V128): V128 => v128.bitselect(sign, x, i32Const(kit, signBit))

/** x between two bounds; NaN passes. */
export const clamp = (kit: Kit, x: V128, low: number, high: number): V128 =>
  kit.keep(f32x4.pmax(f32x4.pmin(x, f32Const(kit, high)), f32Const(kit, low)))

/** Four floats as two pairs of doubles. */
export const widen = (kit: Kit, x: V128): readonly [V128, V128] => [
  kit.keep(f64x2.promoteLowF32(x)),
  kit.keep(f64x2.promoteLowF32(shuffle32(x, x, [2, 3, 2, 3]))),
]

/** Two pairs of doubles as four floats. */
export const narrow = (low: V128, high: V128): V128 => shuffle32(f32x4.demoteF64Zero(low), f32x4.demoteF64Zero(high), [0, 1, 4, 5])
