/** Expressions as the text of JavaScript for gpu.js: float32 throughout, bools and integers too. */
import { type BinaryOp, distinct, type Expr, type ExprPool, isFloat, operands, type UnaryOp, walker } from '@tenon/kernel'
import type { FunctionName } from './functions.ts'

/** The numbers that cannot be written in a kernel, and are handed to it. */
type Special = 'infinity' | 'nan'
export const specials: Readonly<Record<Special, number>> = { infinity: Infinity, nan: NaN }

/** An expression's text, which is a condition or a number. */
export interface Text {
  readonly text: string
  readonly condition: boolean
}
export const number = (text: string): Text => ({ text, condition: false })
const condition = (text: string): Text => ({ text, condition: true })
export const asNumber = (t: Text): string => (t.condition ? `(${t.text} ? 1.0 : 0.0)` : t.text)
const asCondition = (t: Text): string => (t.condition ? t.text : `(${t.text} > 0.5)`)

/** A float literal, as gpu.js must see a point or an exponent to take it for one. */
export function literal(value: number): string {
  const text = String(Math.abs(value))
  const float = /[.e]/.test(text) ? text : `${text}.0`
  return value < 0 || Object.is(value, -0) ? `(-${float})` : float
}

type Unary = FunctionName | ((x: Text, parameters: Parameters) => Text)
const math =
  (name: string) =>
  (x: Text): Text =>
    number(`Math.${name}(${asNumber(x)})`)
/** JavaScript's function where JavaScript or WebAssembly runs the kernel, and ours in its place for GL. */
const exact =
  (name: string, onGl: (x: Text, parameters: Parameters) => Text): Unary =>
  (x, parameters) =>
    parameters.gl ? onGl(x, parameters) : math(name)(x)
const call =
  (name: FunctionName, ...more: readonly (number | Special)[]) =>
  (x: Text, parameters: Parameters): Text =>
    parameters.call(name, x, ...more.map((m) => number(typeof m === 'number' ? literal(m) : parameters.special(m))))

const unary: Readonly<Record<UnaryOp, Unary>> = {
  neg: (x) => number(`(-${asNumber(x)})`),
  abs: math('abs'),
  sign: 'fsign',
  floor: math('floor'),
  ceil: math('ceil'),
  round: 'halfToEven',
  sqrt: exact('sqrt', call('fsqrt', 'nan')),
  recip: (x) => number(`(1.0 / ${asNumber(x)})`),
  exp: exact('exp', call('fexp')),
  expm1: 'fexpm1',
  log: exact('log', call('flog', 'nan', 'infinity')),
  log1p: call('flog1p', 'nan', 'infinity'),
  sin: exact('sin', call('fsin', 0)),
  cos: exact('cos', call('fsin', 1)),
  tan: exact('tan', (x, p) => number(`(${call('fsin', 0)(x, p).text} / ${call('fsin', 1)(x, p).text})`)),
  tanh: exact('tanh', call('ftanh')),
  erf: 'ferf',
  not: (x) => condition(`(!${asCondition(x)})`),
}

type Binary = FunctionName | ((a: Text, b: Text, parameters: Parameters) => Text)
const infix =
  (symbol: string): Binary =>
  (a, b) =>
    number(`(${asNumber(a)} ${symbol} ${asNumber(b)})`)
const compare =
  (symbol: string): Binary =>
  (a, b) =>
    condition(`(${asNumber(a)} ${symbol} ${asNumber(b)})`)
/** Only bools come here: see fits.ts. */
const logical =
  (symbol: string): Binary =>
  (a, b) =>
    condition(`(${asCondition(a)} ${symbol} ${asCondition(b)})`)
/** JavaScript's and WebAssembly's give NaN where there is one, GL's do not. */
export const extreme =
  (name: 'max' | 'min') =>
  (a: Text, b: Text, parameters: Parameters): Text =>
    parameters.gl ? parameters.call(`f${name}`, a, b) : number(`Math.${name}(${asNumber(a)}, ${asNumber(b)})`)
const nowhere: Binary = () => {
  throw new Error('bit operations are computed on the host')
}

const binary: Readonly<Record<BinaryOp, Binary>> = {
  add: infix('+'),
  sub: infix('-'),
  mul: infix('*'),
  div: infix('/'),
  idiv: 'idiv',
  mod: 'imod',
  pow: (a, b, parameters) => parameters.call('fpow', a, b, number(parameters.special('nan'))),
  atan2: (a, b) => number(`Math.atan2(${asNumber(a)}, ${asNumber(b)})`),
  max: extreme('max'),
  min: extreme('min'),
  lt: compare('<'),
  le: compare('<='),
  eq: compare('==='),
  ne: compare('!=='),
  and: logical('&&'),
  or: logical('||'),
  xor: (a, b) => condition(`(${asNumber(a)} !== ${asNumber(b)})`),
  shl: nowhere,
  shr: nowhere,
}

/** What a function is made of, beside its lines. */
export class Parameters {
  readonly gl: boolean
  readonly buffers: Set<number> = new Set()
  readonly scalars: Set<number> = new Set()
  readonly specials: Set<Special> = new Set()
  readonly functions: Set<FunctionName> = new Set()

  constructor(gl: boolean) {
    this.gl = gl
  }

  call(name: FunctionName, ...args: readonly Text[]): Text {
    this.functions.add(name)
    return number(`${name}(${args.map(asNumber).join(', ')})`)
  }

  scalar(slot: number): string {
    this.scalars.add(slot)
    return `s${slot}`
  }

  special(name: Special): string {
    this.specials.add(name)
    return name
  }

  literal(value: number): string {
    if (Number.isNaN(value)) return this.special('nan')
    if (Number.isFinite(value)) return literal(value)
    return value > 0 ? this.special('infinity') : `(-${this.special('infinity')})`
  }
}

/** Where an expression is written: among the loops of a reduction, or after them. */
export interface Scope {
  /** That made the expression. */
  readonly pool: ExprPool
  /** What is known to be the place `i`. */
  readonly place: Expr
  /** The loop that an axis belongs to, counted from the outermost, which is 1; 0 for the coordinates of the point. */
  level(axis: number): number
  /** The name of an axis. */
  axis(axis: number): string
  /** The lines at the beginning of each loop, those before all of them first. */
  readonly lines: readonly string[][]
  /** Of the names that it gives. */
  readonly prefix: string
}

/** Up to here ⌊(x + ½) · (1 / d)⌋ is exact in float32: the rounding is less than the distance of ½ / d to the next whole number. */
const exactQuotients = 2 ** 21
/** Up to here ⌊x / d⌋ is exact, where a division is rounded to the nearest number as it is not in GL. */
const largestExact = 2 ** 24

/**
 * Writes expressions in place, but for what is used more than once, or stays the same in a loop that it stands in: that gets a
 * line of its own, outside of the loop. Compilers of shaders do so too, gpu.js for the CPU does not.
 */
export function print(roots: readonly Expr[], { pool, place, level, axis, lines, prefix }: Scope, parameters: Parameters): Text[] {
  const uses = new Map<Expr, number>()
  for (const e of distinct(roots)) for (const x of operands(e)) uses.set(x, (uses.get(x) ?? 0) + 1)
  const highest = (...levels: readonly number[]): number => Math.max(0, ...levels)
  const levelOf = walker<number>({
    literal: () => 0,
    scalar: () => 0,
    index: (e) => level(e.axis),
    load: (_, index, valid) => highest(index, valid ?? 0),
    unary: (_, x) => x,
    binary: (_, a, b) => highest(a, b),
    select: (_, cond, a, b) => highest(cond, a, b),
    cast: (_, x) => x,
    register: () => 0,
    stored: () => 0,
  })
  let names = 0
  const define = (text: string, at: number): string => {
    const name = `${prefix}${names++}`
    lines[at]!.push(`const ${name} = ${text};`)
    return name
  }
  const known = new Map<Expr, Text>()
  /** For a use in the loop `at`. */
  const visit = (e: Expr, at: number): Text => {
    if (e === place) return number('i')
    const own = levelOf(e)
    let text = known.get(e) ?? write(e, own)
    const worthIt = operands(e).length > 0 && (own < at || (uses.get(e) ?? 0) > 1)
    if (worthIt && !known.has(e)) text = number(define(asNumber(text), own))
    if (worthIt) known.set(e, text)
    return text
  }
  /** Loop variables are integers of GL, and gpu.js makes floats of them in sums, products, comparisons and brackets alone. */
  let zero: string | null = null
  const bare = (e: Expr, at: number): Text => (e.op === 'index' && level(e.axis) > 0 ? number(axis(e.axis)) : visit(e, at))
  const write = (e: Expr, own: number): Text => {
    switch (e.op) {
      case 'literal':
        return number(parameters.literal(isFloat(e.dtype) ? Math.fround(e.value) : Number(e.value)))
      case 'scalar':
        return number(parameters.scalar(e.slot))
      case 'index':
        return number(level(e.axis) > 0 ? `(${axis(e.axis)} + ${(zero ??= define('i - i', 0))})` : axis(e.axis))
      case 'register':
        return number(`r${e.stage}`)
      case 'load': {
        parameters.buffers.add(e.buffer)
        const index = asNumber(bare(e.index, own))
        // In brackets gpu.js would hand integers to functions, which take floats.
        const load = `p${e.buffer}[${/idiv|imod|Math/.test(index) ? define(index, own) : index}]`
        return number(e.valid ? `(${asCondition(visit(e.valid, own))} ? ${load} : 0.0)` : load)
      }
      case 'unary': {
        const [row, x] = [unary[e.fn], visit(e.x, own)]
        return typeof row === 'string' ? parameters.call(row, x) : row(x, parameters)
      }
      case 'binary': {
        const special = e.dtype === 'int32' ? (sum(e, own) ?? quotient(e, own)) : null
        if (special) return special
        const row = binary[e.fn]
        if (typeof row === 'string') return parameters.call(row, visit(e.a, own), visit(e.b, own))
        return row(bare(e.a, own), bare(e.b, own), parameters)
      }
      case 'select':
        return number(`(${asCondition(visit(e.cond, own))} ? ${asNumber(visit(e.a, own))} : ${asNumber(visit(e.b, own))})`)
      case 'cast': {
        const x = visit(e.x, own)
        return e.dtype !== 'bool' || x.condition ? number(asNumber(x)) : condition(`(${x.text} !== 0.0)`)
      }
      case 'stored':
        throw new Error('stores are put in by their values')
    }
  }
  /**
   * A sum of integers, with what stays the same in the innermost loop put together. What is written out of a loop differs by constants
   * alone, which then come last. Null where there is nothing of the kind.
   */
  const sum = (e: Expr, own: number): Text | null => {
    const { terms, constant } = pool.linear(e)
    if (constant !== 0 && e.op === 'binary' && (uses.get(e.a) ?? 0) > 1)
      return number(`(${asNumber(bare(e.a, own))} + ${literal(constant)})`)
    const inner = [...terms].filter(([atom]) => levelOf(atom) === own)
    if (inner.length === terms.size || own === 0) return null
    const outer = [...terms]
      .filter(([atom]) => levelOf(atom) < own)
      .reduce((rest, [atom, c]) => pool.scaleAdd(atom, c, rest), pool.int(constant))
    const parts = inner.map(([atom, c]) => (c === 1 ? asNumber(bare(atom, own)) : `${asNumber(bare(atom, own))} * ${literal(c)}`))
    return number(`(${[asNumber(bare(outer, own)), ...parts].join(' + ')})`)
  }
  /** Division of small numbers by a literal. */
  const quotient = (e: Expr, own: number): Text | null => {
    if (e.op !== 'binary' || (e.fn !== 'idiv' && e.fn !== 'mod') || e.b.op !== 'literal' || e.b.value < 1) return null
    const { min, max } = pool.range(e.a)
    if (e.b.value === 1) return e.fn === 'idiv' ? visit(e.a, own) : number('0.0')
    if (min < 0 || max >= (parameters.gl ? exactQuotients : largestExact)) return null
    const a = asNumber(visit(e.a, own))
    if (e.fn === 'idiv') return number(divide(a, e.b.value, max + 1, parameters))
    const name = /^\w+$/.test(a) ? a : define(a, own)
    return number(`(${name} - ${literal(e.b.value)} * ${divide(name, e.b.value, max + 1, parameters)})`)
  }
  return roots.map((root) => visit(root, lines.length - 1))
}

/** ⌊x / d⌋ for 0 ≤ x < limit. */
export function divide(x: string, d: number, limit: number, parameters: Parameters): string {
  if (limit <= exactQuotients) return `Math.floor((${x} + 0.5) * ${literal(1 / d)})`
  return parameters.gl ? parameters.call('idiv', number(x), number(literal(d))).text : `Math.floor(${x} / ${literal(d)})`
}
