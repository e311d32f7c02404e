/**
 * Scalar expressions: what one point of a loop computes. Data only: immutable, typed by dtype, and interned by
 * the `ExprPool` that made them, so that equal expressions of one lowering are the same object.
 */
import type { DType } from './dtype.ts'

/** `round` goes half to even; `not` is logical, on bool. */
// biome-ignore format: a list
export type UnaryOp =
  | 'neg' | 'abs' | 'sign' | 'floor' | 'ceil' | 'round' | 'sqrt' | 'recip' | 'exp' | 'expm1' | 'log' | 'log1p' | 'sin'
  | 'cos' | 'tan' | 'tanh' | 'erf' | 'not'

/**
 * Both operands have one dtype. `div` is for floats; `idiv` and `mod` are for integers, round towards −∞ as in Python,
 * and give 0 for a divisor of 0. Integer arithmetic wraps. `max` and `min` give NaN when either operand is NaN.
 * Comparisons give bool. `and`, `or`, `xor` work on bool (logical) and on integers (bitwise); `shr` is logical.
 */
// biome-ignore format: a list
export type BinaryOp =
  | 'add' | 'sub' | 'mul' | 'div' | 'idiv' | 'mod' | 'pow' | 'atan2' | 'max' | 'min' | 'lt' | 'le' | 'eq' | 'ne'
  | 'and' | 'or' | 'xor' | 'shl' | 'shr'

interface Node<Op extends string> {
  readonly op: Op
  readonly dtype: DType
  /** Position in the pool: what interning and memo tables go by. */
  readonly id: number
}

/** A number that is part of the kernel. */
export interface Literal extends Node<'literal'> {
  readonly value: number
}
/** A number that is given anew at every run of the program: `slot` counts the kernel's scalars. */
export interface Scalar extends Node<'scalar'> {
  readonly slot: number
}
/** The loop variable of one axis, int32, 0 ≤ value < extent. Grid axes come first, a stage's own axes after them. */
export interface Index extends Node<'index'> {
  readonly axis: number
  readonly extent: number
}
/** Element `index` of the kernel's buffer parameter `buffer`, as it was before the kernel ran; 0 where `valid` is false, and then nothing is read. */
export interface Load extends Node<'load'> {
  readonly buffer: number
  readonly index: Expr
  readonly valid: Expr | null
}
/** A function of one number. */
export interface Unary extends Node<'unary'> {
  readonly fn: UnaryOp
  readonly x: Expr
}
/** A function of two numbers. */
export interface Binary extends Node<'binary'> {
  readonly fn: BinaryOp
  readonly a: Expr
  readonly b: Expr
}
/** `a` where `cond` is true, `b` elsewhere. */
export interface Select extends Node<'select'> {
  readonly cond: Expr
  readonly a: Expr
  readonly b: Expr
}
/** Float to integer truncates and saturates, NaN gives 0; anything to bool is `≠ 0`. */
export interface Cast extends Node<'cast'> {
  readonly x: Expr
}
/** The result of an earlier reduce stage of the same kernel, at this point. */
export interface Register extends Node<'register'> {
  readonly stage: number
}
/** The value that an earlier store stage of the same kernel wrote, at this point and the same inner indices. */
export interface Stored extends Node<'stored'> {
  readonly stage: number
}

/** What one point computes. */
export type Expr = Literal | Scalar | Index | Load | Unary | Binary | Select | Cast | Register | Stored

const comparisons: ReadonlySet<BinaryOp> = new Set(['lt', 'le', 'eq', 'ne'])
/** Whether it gives bools, whatever it is given. */
export const isComparison = (fn: BinaryOp): boolean => comparisons.has(fn)

/** A renderer, an evaluator, an analysis: one row for each kind of expression, given the results of its operands. */
export interface ExprTable<T> {
  literal(e: Literal): T
  scalar(e: Scalar): T
  index(e: Index): T
  load(e: Load, index: T, valid: T | null): T
  unary(e: Unary, x: T): T
  binary(e: Binary, a: T, b: T): T
  select(e: Select, cond: T, a: T, b: T): T
  cast(e: Cast, x: T): T
  register(e: Register): T
  stored(e: Stored): T
}

/** The one walker: applies a table bottom-up, once for each distinct expression. */
export function walker<T>(table: ExprTable<T>): (e: Expr) => T {
  const memo = new Map<Expr, T>()
  const visit = (e: Expr): T => {
    let result = memo.get(e)
    if (result === undefined) memo.set(e, (result = apply(e)))
    return result
  }
  const apply = (e: Expr): T => {
    switch (e.op) {
      case 'literal':
        return table.literal(e)
      case 'scalar':
        return table.scalar(e)
      case 'index':
        return table.index(e)
      case 'load':
        return table.load(e, visit(e.index), e.valid && visit(e.valid))
      case 'unary':
        return table.unary(e, visit(e.x))
      case 'binary':
        return table.binary(e, visit(e.a), visit(e.b))
      case 'select':
        return table.select(e, visit(e.cond), visit(e.a), visit(e.b))
      case 'cast':
        return table.cast(e, visit(e.x))
      case 'register':
        return table.register(e)
      case 'stored':
        return table.stored(e)
    }
  }
  return visit
}

/** The operands of an expression, in order. */
export function operands(e: Expr): readonly Expr[] {
  switch (e.op) {
    case 'load':
      return e.valid ? [e.index, e.valid] : [e.index]
    case 'unary':
    case 'cast':
      return [e.x]
    case 'binary':
      return [e.a, e.b]
    case 'select':
      return [e.cond, e.a, e.b]
    default:
      return []
  }
}
