/** For backends whose kernels read only so many buffers. */
import { distinct } from './access.ts'
import type { Expr } from './expr.ts'
import type { ExprPool } from './pool.ts'
import { rebuild } from './rebuild.ts'

const inputs = (roots: readonly Expr[]): Set<number> => new Set([...distinct(roots)].flatMap((e) => (e.op === 'load' ? [e.buffer] : [])))

/**
 * The same value from loads of at most `most` buffers, 4 or more. What is too much for one kernel is computed before, in parts: `keep` is given
 * each part, and gives the load of where it will be.
 */
export function fewInputs(pool: ExprPool, value: Expr, most: number, keep: (part: Expr) => Expr): Expr {
  if (inputs([value]).size <= most) return value
  /** Operands of one operation, which reads `more` buffers itself. */
  const together = (operands: readonly Expr[], more = 0): Expr[] => {
    const fitted = [...operands]
    while (inputs(fitted).size + more > most) {
      const sizes = fitted.map((e) => inputs([e]).size)
      const largest = sizes.indexOf(Math.max(...sizes))
      fitted[largest] = keep(fitted[largest]!)
    }
    return fitted
  }
  return rebuild(pool, {
    load: (e, index, valid) => {
      const [i, v] = together(valid ? [index, valid] : [index], 1)
      return pool.load(e.dtype, e.buffer, i!, v ?? null)
    },
    binary: (e, a, b) => pool.binary(e.fn, ...(together([a, b]) as [Expr, Expr])),
    select: (_, cond, a, b) => pool.select(...(together([cond, a, b]) as [Expr, Expr, Expr])),
  })(value)
}
