/** Makes an expression anew in a pool, with other rows for some kinds of it: the substitution under every pass. */
import { type Expr, type ExprTable, walker } from './expr.ts'
import type { ExprPool } from './pool.ts'

/** Makes expressions again in this pool, with something else where `rows` says so. */
export function rebuild(pool: ExprPool, rows: Partial<ExprTable<Expr>> = {}): (e: Expr) => Expr {
  return walker<Expr>({
    literal: (e) => pool.literal(e.dtype, e.value),
    scalar: (e) => pool.scalar(e.dtype, e.slot),
    index: (e) => pool.index(e.axis, e.extent),
    load: (e, index, valid) => pool.load(e.dtype, e.buffer, index, valid),
    unary: (e, x) => pool.unary(e.fn, x),
    binary: (e, a, b) => pool.binary(e.fn, a, b),
    select: (_, cond, a, b) => pool.select(cond, a, b),
    cast: (e, x) => pool.cast(e.dtype, x),
    register: (e) => pool.register(e.dtype, e.stage),
    stored: (e) => pool.stored(e.dtype, e.stage),
    ...rows,
  })
}
