/**
 * Pieces of function bodies. A piece knows, in its TypeScript type, what it leaves on the stack, so that most mistakes of an assembler are
 * errors of the compiler: `f32x4.add(a, b)` takes two `V128` and is one. A piece that is used twice is computed twice; what
 * is wanted twice goes into a local.
 */
import type { Bytes } from './bytes.ts'

export type ValueType = 'i32' | 'f32' | 'f64' | 'v128'

export interface Code<T extends ValueType | 'none' = ValueType | 'none'> {
  readonly type: T
  readonly bytes: Bytes
}

export type I32 = Code<'i32'>
export type F32 = Code<'f32'>
export type F64 = Code<'f64'>
export type V128 = Code<'v128'>
export type Value = Code<ValueType>
/** Leaves nothing on the stack. */
export type Statement = Code<'none'>

export const typeCodes: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b }
const noResult = 0x40

/** Bytes that leave a `type`. Everything in this folder is made of it. */
export const code = <T extends ValueType | 'none'>(type: T, ...bytes: Bytes[]): Code<T> => ({ type, bytes })

// ── control ──

export const nothing: Statement = code('none')
export const sequence = (...statements: readonly Statement[]): Statement =>
  code(
    'none',
    statements.map((s) => s.bytes),
  )

export const when = (condition: I32, then: Statement, otherwise?: Statement): Statement =>
  code('none', condition.bytes, 0x04, noResult, then.bytes, otherwise ? [0x05, otherwise.bytes] : [], 0x0b)

/** A value of one of two branches, of which only one is run. */
export const either = <T extends ValueType>(condition: I32, then: Code<T>, otherwise: Code<T>): Code<T> =>
  code(then.type, condition.bytes, 0x04, typeCodes[then.type], then.bytes, 0x05, otherwise.bytes, 0x0b)

/** Runs the body, and again as long as the condition holds afterwards. */
export const doWhile = (body: Statement, condition: I32): Statement =>
  code('none', 0x03, noResult, body.bytes, condition.bytes, 0x0d, 0, 0x0b)

/** Throws a value away. */
export const drop = (value: Code<ValueType>): Statement => code('none', value.bytes, 0x1a)

export const loopWhile = (condition: I32, body: Statement): Statement => when(condition, doWhile(body, condition))

/** Both values are computed. */
export const choose = <T extends ValueType>(condition: I32, a: Code<T>, b: Code<T>): Code<T> =>
  a.type === 'v128'
    ? code(a.type, a.bytes, b.bytes, condition.bytes, 0x1c, 1, typeCodes[a.type])
    : code(a.type, a.bytes, b.bytes, condition.bytes, 0x1b)

/** Statements, then a value. */
export const after = <T extends ValueType>(statement: Statement, value: Code<T>): Code<T> => code(value.type, statement.bytes, value.bytes)
