/** Accumulators: how reductions begin, take a value, and end. */
import { type DType, type Expr, identity, isArg, type ReduceOp } from '@tenon/kernel'
import { type I32, type Statement, sequence, type V128, type Value, when } from '../assembler/code.ts'
import { f32, f32x4, i32, i32x4, shuffle32, v128 } from '../assembler/instructions.ts'
import type { Local } from '../assembler/module.ts'
import type { Reduction } from './nest.ts'
import { binary, extract, literal, scalarType, type Target, type Width } from './operations.ts'

type Combining = 'add' | 'mul' | 'max' | 'min'
const combining: Readonly<Record<Exclude<ReduceOp, 'argmax' | 'argmin'>, Combining>> = {
  sum: 'add',
  prod: 'mul',
  max: 'max',
  min: 'min',
}

/** One running result, or four of them. */
export interface Accumulator {
  readonly width: Width
  readonly value: Local
  /** Where argmax and argmin found it. */
  readonly position: Local | null
  /** Lanes that have met a NaN, which the value then does not show: the instructions that would keep it in a max or min are eight. */
  readonly hasNaN: Local<'v128'> | null
}

/** Whether vectors of it have two accumulators. */
export const keepsNaNApart = (r: Reduction): boolean => r.value.dtype === 'float32' && (r.op === 'max' || r.op === 'min')

type MakeLocal = (type: 'i32' | 'f32' | 'v128') => Local

/** What a register of this reduction holds. */
export const resultOf = (r: Reduction, accumulator: Accumulator): Value => (isArg(r.op) ? accumulator.position! : accumulator.value).get

export function makeAccumulator(local: MakeLocal, r: Reduction, width: Width): Accumulator {
  const type = (dtype: DType): 'i32' | 'f32' | 'v128' => (width === 'vector' ? 'v128' : scalarType(dtype))
  return {
    width,
    value: local(type(r.value.dtype)),
    position: isArg(r.op) ? local(type('int32')) : null,
    hasNaN: width === 'vector' && keepsNaNApart(r) ? (local('v128') as Local<'v128'>) : null,
  }
}

export function begin(r: Reduction, { width, value, position, hasNaN }: Accumulator): Statement {
  const first = value.set(literal(r.value.dtype, identity(r.op, r.value.dtype), width))
  if (hasNaN) return sequence(first, hasNaN.set(v128.zero))
  return position ? sequence(first, position.set(literal('int32', 0, width))) : first
}

/** After the last value: what was kept apart goes into the value. */
export const finish = ({ value, hasNaN }: Accumulator): Statement =>
  hasNaN ? value.set(v128.or(value.get as V128, hasNaN.get)) : sequence()

const someExpr = { op: 'register' } as Expr

export function take(t: Target, r: Reduction, { width, value, position, hasNaN }: Accumulator, x: Value, at: () => Value): Statement {
  const { dtype } = r.value
  if (hasNaN) {
    const better = (r.op === 'max' ? f32x4.pmax : f32x4.pmin)(value.get as V128, x as V128)
    return sequence(value.set(better), hasNaN.set(v128.or(hasNaN.get, f32x4.ne(x as V128, x as V128))))
  }
  if (r.op !== 'argmax' && r.op !== 'argmin') return value.set(binary(t, combining[r.op], dtype, value.get, x, someExpr, width))
  const fn = 'lt'
  const [a, b] = r.op === 'argmax' ? [value.get, x] : [x, value.get]
  const better = binary(t, fn, dtype, a, b, someExpr, width)
  const where = at()
  if (width === 'vector') {
    const best = value.get as V128
    // The first NaN beats everything, and nothing beats it.
    const firstNaN = v128.and(f32x4.ne(x as V128, x as V128), f32x4.eq(best, best))
    const mask = t.keep(dtype === 'float32' ? v128.or(better as V128, firstNaN) : (better as V128))
    return sequence(
      value.set(v128.bitselect(x as V128, best, mask)),
      position!.set(v128.bitselect(where as V128, position!.get as V128, mask)),
    )
  }
  const isFirstNaN = (): I32 => i32.and(f32.ne(x as never, x as never), f32.eq(value.get as never, value.get as never))
  const test = dtype === 'float32' ? i32.or(better as I32, isFirstNaN()) : (better as I32)
  return when(test, sequence(value.set(x), position!.set(where)))
}

/** Several finished accumulators of one reduction into the first of them. */
export function join(t: Target, r: Reduction, accumulators: readonly Accumulator[]): Statement {
  const [first, ...rest] = accumulators
  return sequence(...rest.map((other) => take(t, r, first!, other.value.get, () => first!.value.get)), finish(first!))
}

/** The four lanes into a single value. */
export function joinLanes(t: Target, r: Reduction, lanes: Accumulator, into: Local): Statement {
  const vector = lanes.value as Local<'v128'>
  const { dtype } = r.value
  const fn = combining[r.op as keyof typeof combining]
  const fold = (order: readonly [number, number, number, number]): Statement =>
    vector.set(binary(t, fn, dtype, vector.get, shuffle32(vector.get, vector.get, order), someExpr, 'vector') as V128)
  return sequence(fold([2, 3, 0, 1]), fold([1, 0, 3, 2]), into.set(extract(dtype, vector.get, 0)))
}

/** The identity in the lanes past the end of an axis. */
export function onlyActive(t: Target, r: Reduction, x: V128, active: number): V128 {
  const { dtype } = r.value
  const bits = [0, 1, 2, 3].map((lane) => (lane < active ? -1 : 0)) as [number, number, number, number]
  const none = literal(dtype, identity(r.op, dtype), 'vector') as V128
  return v128.bitselect(x, t.constant(none), t.constant(i32x4.lanes(...bits)))
}
