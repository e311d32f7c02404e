/**
 * Makes expressions: interns them, and simplifies what index arithmetic produces. An int32 sum is kept as
 * Σ coefficient·atom + constant with the atoms in order of their ids, so that equal indices are the same object; division and
 * remainder by a constant split such a sum by divisibility and by the range of what is left, so that the index arithmetic
 * of a reshape undone by another disappears.
 */
import { type DType, isFloat } from './dtype.ts'
import { type BinaryOp, type Expr, isComparison, type UnaryOp } from './expr.ts'

/** The least and the greatest value of an integer expression. */
export interface Range {
  readonly min: number
  readonly max: number
}

interface Linear {
  readonly terms: ReadonlyMap<Expr, number>
  readonly constant: number
}

type Fields<E extends Expr = Expr> = E extends Expr ? Omit<E, 'id'> : never

const everything: Range = { min: -Infinity, max: Infinity }
const zeroOne: Range = { min: 0, max: 1 }

/** The value that a literal of this dtype really has. */
function literalValue(dtype: DType, value: number): number {
  switch (dtype) {
    case 'float64':
      return value
    case 'float32':
      return Math.fround(value)
    case 'int32':
      return value | 0
    case 'uint32':
      return value >>> 0
    case 'bool':
      return value ? 1 : 0
  }
}

const folded: Partial<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: Math.imul,
  idiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  max: Math.max,
  min: Math.min,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
}

/** Makes expressions, each only once, and simplifies index arithmetic on the way. */
export class ExprPool {
  readonly #interned = new Map<string, Expr>()
  readonly #linear = new Map<Expr, Linear>()
  readonly #ranges = new Map<Expr, Range>()

  #intern(key: string, fields: Fields): Expr {
    let e = this.#interned.get(key)
    if (!e) this.#interned.set(key, (e = { ...fields, id: this.#interned.size } as Expr))
    return e
  }

  literal(dtype: DType, value: number): Expr {
    const v = literalValue(dtype, value)
    return this.#intern(`#${dtype}:${Object.is(v, -0) ? '-0' : v}`, { op: 'literal', dtype, value: v })
  }

  int(value: number): Expr {
    return this.literal('int32', value)
  }

  bool(value: boolean): Expr {
    return this.literal('bool', Number(value))
  }

  scalar(dtype: DType, slot: number): Expr {
    return this.#intern(`$${dtype}:${slot}`, { op: 'scalar', dtype, slot })
  }

  index(axis: number, extent: number): Expr {
    if (extent === 1) return this.int(0)
    return this.#intern(`i${axis}:${extent}`, { op: 'index', dtype: 'int32', axis, extent })
  }

  load(dtype: DType, buffer: number, index: Expr, valid: Expr | null = null): Expr {
    if (valid?.op === 'literal') {
      if (!valid.value) return this.literal(dtype, 0)
      valid = null
    }
    return this.#intern(`l${dtype}:${buffer}:${index.id}:${valid?.id ?? ''}`, {
      op: 'load',
      dtype,
      buffer,
      index,
      valid,
    })
  }

  register(dtype: DType, stage: number): Expr {
    return this.#intern(`r${dtype}:${stage}`, { op: 'register', dtype, stage })
  }

  stored(dtype: DType, stage: number): Expr {
    return this.#intern(`s${dtype}:${stage}`, { op: 'stored', dtype, stage })
  }

  cast(dtype: DType, x: Expr): Expr {
    if (x.dtype === dtype) return x
    if (x.op === 'literal') {
      if (dtype === 'bool') return this.bool(x.value !== 0)
      if (isFloat(dtype)) return this.literal(dtype, x.value)
      if (Number.isInteger(x.value) && Math.abs(x.value) < 2 ** 31) return this.literal(dtype, x.value)
    }
    return this.#intern(`c${dtype}:${x.id}`, { op: 'cast', dtype, x })
  }

  select(cond: Expr, a: Expr, b: Expr): Expr {
    if (cond.op === 'literal') return cond.value ? a : b
    if (a === b) return a
    return this.#intern(`?${cond.id}:${a.id}:${b.id}`, { op: 'select', dtype: a.dtype, cond, a, b })
  }

  unary(fn: UnaryOp, x: Expr): Expr {
    if (fn === 'not') {
      if (x.op === 'literal') return this.bool(!x.value)
      if (x.op === 'unary' && x.fn === 'not') return x.x
    }
    if (fn === 'neg') {
      if (x.dtype === 'int32') return this.mul(x, this.int(-1))
      if (x.op === 'literal' && isFloat(x.dtype)) return this.literal(x.dtype, -x.value)
      if (x.op === 'unary' && x.fn === 'neg') return x.x
    }
    return this.#intern(`u${fn}:${x.id}`, { op: 'unary', fn, dtype: x.dtype, x })
  }

  binary(fn: BinaryOp, a: Expr, b: Expr): Expr {
    const simple = this.#simplify(fn, a, b)
    if (simple) return simple
    const dtype = isComparison(fn) ? 'bool' : a.dtype
    return this.#intern(`b${fn}:${a.id}:${b.id}`, { op: 'binary', fn, dtype, a, b })
  }

  add(a: Expr, b: Expr): Expr {
    return this.binary('add', a, b)
  }
  sub(a: Expr, b: Expr): Expr {
    return this.binary('sub', a, b)
  }
  mul(a: Expr, b: Expr): Expr {
    return this.binary('mul', a, b)
  }
  and(a: Expr | null, b: Expr | null): Expr | null {
    return a && b ? this.binary('and', a, b) : (a ?? b)
  }

  /** a · factor + b for index arithmetic. */
  scaleAdd(a: Expr, factor: number, b: Expr): Expr {
    return this.add(this.mul(a, this.int(factor)), b)
  }

  #simplify(fn: BinaryOp, a: Expr, b: Expr): Expr | null {
    const fold = folded[fn]
    if (fold && a.op === 'literal' && b.op === 'literal' && a.dtype !== 'uint32' && !isFloat(a.dtype)) {
      return this.literal(isComparison(fn) ? 'bool' : a.dtype, fold(a.value, b.value))
    }
    if (a.dtype === 'int32') return this.#simplifyInt(fn, a, b)
    if (a.dtype === 'bool') return this.#simplifyBool(fn, a, b)
    if (isFloat(a.dtype)) return this.#simplifyFloat(fn, a, b)
    return null
  }

  #simplifyFloat(fn: BinaryOp, a: Expr, b: Expr): Expr | null {
    const is = (e: Expr, value: number): boolean => e.op === 'literal' && e.value === value
    if (fn === 'mul') {
      if (is(a, 1)) return b
      if (is(b, 1)) return a
      if (is(a, -1)) return this.unary('neg', b)
      if (is(b, -1)) return this.unary('neg', a)
    }
    if (fn === 'div' && is(b, 1)) return a
    if (fn === 'div' && is(a, 1)) return this.unary('recip', b)
    if (fn === 'pow' && is(b, 1)) return a
    return null
  }

  #simplifyBool(fn: BinaryOp, a: Expr, b: Expr): Expr | null {
    if (fn !== 'and' && fn !== 'or') return null
    if (a === b) return a
    for (const [x, y] of [
      [a, b],
      [b, a],
    ] as const) {
      if (x.op === 'literal') return Boolean(x.value) === (fn === 'and') ? y : x
    }
    return null
  }

  #simplifyInt(fn: BinaryOp, a: Expr, b: Expr): Expr | null {
    switch (fn) {
      case 'add':
        return this.#sum([
          [a, 1],
          [b, 1],
        ])
      case 'sub':
        return this.#sum([
          [a, 1],
          [b, -1],
        ])
      case 'mul':
        if (b.op === 'literal') return this.#sum([[a, b.value]])
        if (a.op === 'literal') return this.#sum([[b, a.value]])
        return null
      case 'idiv':
        return b.op === 'literal' && b.value > 0 && this.#exact(a) ? this.#divide(a, b.value) : null
      case 'mod':
        return b.op === 'literal' && b.value > 0 && this.#exact(a) ? this.#remainder(a, b.value) : null
      case 'lt':
      case 'le':
      case 'eq':
      case 'ne':
        return this.#exact(a) && this.#exact(b) ? this.#compare(fn, a, b) : null
      case 'max':
      case 'min': {
        if (!this.#exact(a) || !this.#exact(b)) return null
        const { min, max } = this.range(this.sub(a, b))
        if (min >= 0) return fn === 'max' ? a : b
        if (max <= 0) return fn === 'max' ? b : a
        return null
      }
      default:
        return null
    }
  }

  #compare(fn: 'lt' | 'le' | 'eq' | 'ne', a: Expr, b: Expr): Expr | null {
    const { min, max } = this.range(this.sub(a, b))
    if (fn === 'lt') return max < 0 ? this.bool(true) : min >= 0 ? this.bool(false) : null
    if (fn === 'le') return max <= 0 ? this.bool(true) : min > 0 ? this.bool(false) : null
    if (min === 0 && max === 0) return this.bool(fn === 'eq')
    if (min > 0 || max < 0) return this.bool(fn === 'ne')
    return null
  }

  // ── int32 sums ──

  linear(e: Expr): Linear {
    const known = this.#linear.get(e)
    if (known) return known
    return e.op === 'literal' ? { terms: new Map(), constant: e.value } : { terms: new Map([[e, 1]]), constant: 0 }
  }

  #sum(parts: readonly (readonly [Expr, number])[]): Expr {
    const terms = new Map<Expr, number>()
    let constant = 0
    for (const [e, factor] of parts) {
      const l = this.linear(e)
      constant = (constant + Math.imul(l.constant, factor)) | 0
      for (const [atom, c] of l.terms) terms.set(atom, ((terms.get(atom) ?? 0) + Math.imul(c, factor)) | 0)
    }
    return this.#fromLinear(this.#recombine({ terms, constant }))
  }

  /** c·a·(x idiv a) + c·(x mod a) = c·x */
  #recombine({ terms, constant }: Linear): Linear {
    for (const [rest, c] of terms) {
      if (rest.op !== 'binary' || rest.fn !== 'mod' || rest.b.op !== 'literal' || c === 0) continue
      const quotient = this.binary('idiv', rest.a, rest.b)
      const q = this.linear(quotient)
      if (q.terms.size !== 1 || q.constant !== 0) continue
      const [[atom, k]] = q.terms as unknown as [[Expr, number]]
      if (k !== 1 || terms.get(atom) !== c * rest.b.value) continue
      const merged = new Map(terms)
      merged.delete(rest)
      merged.delete(atom)
      const x = this.linear(rest.a)
      for (const [t, f] of x.terms) merged.set(t, ((merged.get(t) ?? 0) + Math.imul(f, c)) | 0)
      return this.#recombine({ terms: merged, constant: (constant + Math.imul(x.constant, c)) | 0 })
    }
    return { terms, constant }
  }

  #fromLinear({ terms, constant }: Linear): Expr {
    const sorted = [...terms].filter(([, c]) => c !== 0).sort(([a], [b]) => a.id - b.id)
    if (sorted.length === 0) return this.int(constant)
    let e: Expr | null = null
    for (const [atom, c] of sorted) {
      const term = c === 1 ? atom : this.#raw('mul', atom, this.int(c))
      e = e ? this.#raw('add', e, term) : term
    }
    if (constant !== 0) e = this.#raw('add', e!, this.int(constant))
    if (sorted.length > 1 || constant !== 0 || sorted[0]![1] !== 1) this.#linear.set(e!, { terms: new Map(sorted), constant })
    return e!
  }

  #raw(fn: BinaryOp, a: Expr, b: Expr): Expr {
    return this.#intern(`b${fn}:${a.id}:${b.id}`, { op: 'binary', fn, dtype: 'int32', a, b })
  }

  /** x = d·whole + rest, where `rest` keeps the terms that d does not divide. */
  #split(x: Expr, d: number): { whole: Expr; rest: Expr } {
    const { terms, constant } = this.linear(x)
    const whole = new Map<Expr, number>()
    const rest = new Map<Expr, number>()
    for (const [atom, c] of terms) (c % d === 0 ? whole : rest).set(atom, c % d === 0 ? c / d : c)
    const quotient = Math.floor(constant / d)
    return {
      whole: this.#fromLinear({ terms: whole, constant: quotient }),
      rest: this.#fromLinear({ terms: rest, constant: constant - quotient * d }),
    }
  }

  /** A factor g of d such that rest = g·high + low with 0 ≤ low < g, so that low does not reach the division. */
  #commonFactor(rest: Expr, d: number): { g: number; high: Expr; low: Expr } | null {
    for (const c of new Set(this.linear(rest).terms.values())) {
      const g = Math.abs(c)
      if (g === 1 || g >= d || d % g !== 0) continue
      const { whole: high, rest: low } = this.#split(rest, g)
      if (this.#within(low, g)) return { g, high, low }
    }
    return null
  }

  /** Whether arithmetic on it cannot have wrapped around, so that the rules of whole numbers hold. */
  #exact(e: Expr): boolean {
    return this.range(e).min !== -Infinity
  }

  #within(e: Expr, extent: number): boolean {
    const { min, max } = this.range(e)
    return min >= 0 && max < extent
  }

  #divide(x: Expr, d: number): Expr | null {
    if (d === 1) return x
    const { whole, rest } = this.#split(x, d)
    if (this.#within(rest, d)) return whole
    if (rest !== x) return this.add(whole, this.binary('idiv', rest, this.int(d)))
    const factor = this.#commonFactor(rest, d)
    if (factor) return this.binary('idiv', factor.high, this.int(d / factor.g))
    if (x.op === 'binary' && x.fn === 'idiv' && x.b.op === 'literal' && x.b.value > 0)
      return this.binary('idiv', x.a, this.int(x.b.value * d))
    return null
  }

  #remainder(x: Expr, d: number): Expr | null {
    if (d === 1) return this.int(0)
    const { rest } = this.#split(x, d)
    if (this.#within(rest, d)) return rest
    if (rest !== x) return this.binary('mod', rest, this.int(d))
    const factor = this.#commonFactor(rest, d)
    if (factor) return this.scaleAdd(this.binary('mod', factor.high, this.int(d / factor.g)), factor.g, factor.low)
    if (x.op === 'binary' && x.fn === 'mod' && x.b.op === 'literal' && x.b.value % d === 0) return this.binary('mod', x.a, this.int(d))
    return null
  }

  /** Bounds of an integer expression, by interval arithmetic over its canonical sum. */
  range(e: Expr): Range {
    let r = this.#ranges.get(e)
    if (!r) this.#ranges.set(e, (r = this.#computeRange(e)))
    return r
  }

  #computeRange(e: Expr): Range {
    const sum = this.#linear.get(e)
    if (sum) {
      let min = sum.constant
      let max = sum.constant
      for (const [atom, c] of sum.terms) {
        const r = this.range(atom)
        min += c > 0 ? c * r.min : c * r.max
        max += c > 0 ? c * r.max : c * r.min
      }
      return min >= -(2 ** 31) && max < 2 ** 31 ? { min, max } : everything
    }
    if (e.dtype === 'bool') return zeroOne
    switch (e.op) {
      case 'literal':
        return { min: e.value, max: e.value }
      case 'index':
        return { min: 0, max: Math.max(0, e.extent - 1) }
      case 'cast':
        return e.x.dtype === 'bool' || e.x.dtype === 'int32' ? this.range(e.x) : everything
      case 'select': {
        const a = this.range(e.a)
        const b = this.range(e.b)
        return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }
      }
      case 'binary': {
        if (e.fn === 'mod' && e.b.op === 'literal' && e.b.value > 0) return { min: 0, max: e.b.value - 1 }
        if (e.fn === 'idiv' && e.b.op === 'literal' && e.b.value > 0) {
          const { min, max } = this.range(e.a)
          return { min: Math.floor(min / e.b.value), max: Math.floor(max / e.b.value) }
        }
        if (e.fn === 'max' || e.fn === 'min') {
          const a = this.range(e.a)
          const b = this.range(e.b)
          const pick = Math[e.fn]
          return { min: pick(a.min, b.min), max: pick(a.max, b.max) }
        }
        return everything
      }
      default:
        return everything
    }
  }
}
