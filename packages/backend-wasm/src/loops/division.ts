/** Integer division that rounds towards −∞ and gives 0 for a divisor of 0. */
import { choose, either, type I32 } from '../assembler/code.ts'
import { i32 } from '../assembler/instructions.ts'

export const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value))

const zero = i32.const(0)

/** `a` and `b` are used more than once; `divisor` is b where it is known. */
export function divide(a: I32, b: I32, divisor: number | null, signed: boolean): I32 {
  if (!signed) return guarded(b, divisor, () => i32.divU(a, b))
  if (divisor !== null && isPowerOfTwo(divisor)) return i32.shrS(a, i32.const(Math.log2(divisor)))
  // The machine's division traps for the lowest integer divided by −1; its quotient wraps.
  if (divisor === null || divisor === -1) {
    const negated = i32.sub(zero, a)
    if (divisor === -1) return negated
    return either(
      i32.eq(b, i32.const(-1)),
      negated,
      guarded(b, divisor, () => floored(a, b)),
    )
  }
  return guarded(b, divisor, () => floored(a, b))
}

export function remainder(a: I32, b: I32, divisor: number | null, signed: boolean): I32 {
  if (!signed) return guarded(b, divisor, () => i32.remU(a, b))
  if (divisor !== null && isPowerOfTwo(divisor)) return i32.and(a, i32.const(divisor - 1))
  return guarded(b, divisor, () => {
    const rest = i32.remS(a, b)
    // The machine's remainder has the sign of a: it is moved into the range of b where the signs differ.
    const differs = (r: I32): I32 => i32.and(i32.ne(r, zero), i32.ltS(i32.xor(r, b), zero))
    return choose(differs(rest), i32.add(rest, b), rest)
  })
}

const guarded = (b: I32, divisor: number | null, compute: () => I32): I32 =>
  divisor === 0 ? zero : divisor !== null ? compute() : either(i32.eqz(b), zero, compute())

/** The machine rounds towards 0, which is one too high where the signs differ and there is a remainder. */
function floored(a: I32, b: I32): I32 {
  const tooHigh = i32.and(i32.ne(i32.remS(a, b), zero), i32.ltS(i32.xor(a, b), zero))
  return i32.sub(i32.divS(a, b), tooHigh)
}
