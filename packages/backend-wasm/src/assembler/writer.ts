/** Writes a body statement by statement: for functions that are thought of as such, with loops over numbers known only when they run. */
import { choose, doWhile, type I32, type Statement, sequence, when } from './code.ts'
import { i32 } from './instructions.ts'
import type { FunctionBuilder } from './module.ts'

export class Writer {
  readonly #f: FunctionBuilder
  readonly #statements: Statement[] = []

  constructor(f: FunctionBuilder) {
    this.#f = f
  }

  get code(): Statement {
    return sequence(...this.#statements)
  }

  add(...statements: readonly Statement[]): void {
    this.#statements.push(...statements)
  }

  /** Computes a value now, for use any number of times. */
  keep(value: I32): I32 {
    const local = this.#f.local('i32')
    this.add(local.set(value))
    return local.get
  }

  /** start, start + step, … below end. */
  loop(start: I32, end: I32, step: number, body: (at: I32, inside: Writer) => void): void {
    const at = this.#f.local('i32')
    const inside = new Writer(this.#f)
    body(at.get, inside)
    inside.add(at.set(plus(at.get, i32.const(step))))
    const more = i32.ltS(at.get, end)
    this.add(at.set(start), when(more, doWhile(inside.code, more)))
  }

  when(condition: I32, body: (inside: Writer) => void): void {
    const inside = new Writer(this.#f)
    body(inside)
    this.add(when(condition, inside.code))
  }
}

export const plus = (a: I32, ...rest: readonly I32[]): I32 => rest.reduce((sum, x) => i32.add(sum, x), a)
export const times = (a: I32, factor: number): I32 => (factor === 1 ? a : i32.mul(a, i32.const(factor)))
/** Both are used twice. */
export const minimum = (a: I32, b: I32): I32 => choose(i32.ltS(a, b), a, b)
