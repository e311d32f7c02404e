/** Units as JavaScript functions for gpu.js: float32 throughout, bools and integers too. */
import { type BinaryOp, distinct, type Expr, isFloat, operands, type ReduceStage, type UnaryOp, walker } from '@tenon/kernel'
import { type FunctionName, functions } from './functions.ts'
import type { Unit } from './units.ts'

/** The numbers that cannot be written in a kernel, and are handed to it. */
const specials = { infinity: Infinity, nan: NaN } as const
type Special = keyof typeof specials

export interface Rendered {
  readonly text: string
  readonly functions: readonly string[]
  /** Its arguments, in this order: buffers, what the output held before, scalars, numbers that cannot be written. */
  readonly buffers: readonly number[]
  readonly old: boolean
  readonly scalars: readonly number[]
  readonly constants: readonly number[]
}

/** An expression's text, which is a condition or a number. */
interface Text {
  readonly text: string
  readonly condition: boolean
}
const number = (text: string): Text => ({ text, condition: false })
const condition = (text: string): Text => ({ text, condition: true })
const asNumber = (t: Text): string => (t.condition ? `(${t.text} ? 1.0 : 0.0)` : t.text)
const asCondition = (t: Text): string => (t.condition ? t.text : `(${t.text} > 0.5)`)

/** A float literal, as gpu.js must see a point or an exponent to take it for one. */
function literal(value: number): string {
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
  tanh: 'ftanh',
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
  max: 'fmax',
  min: 'fmin',
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
class Parameters {
  readonly gl: boolean
  readonly buffers = new Set<number>()
  readonly scalars = new Set<number>()
  readonly specials = new Set<Special>()
  readonly functions = new Set<FunctionName>()

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

/** Writes an expression in place, but for what is used more than once, which gets a line of its own. */
function printer(root: Expr, prefix: string, parameters: Parameters, write: (line: string) => void): Text {
  const uses = new Map<Expr, number>()
  for (const e of distinct([root])) for (const x of operands(e)) uses.set(x, (uses.get(x) ?? 0) + 1)
  let names = 0
  const define = (text: string): string => {
    const name = `${prefix}${names++}`
    write(`const ${name} = ${text};`)
    return name
  }
  const named = (e: Expr, t: Text): Text => {
    if ((uses.get(e) ?? 0) < 2) return t
    return number(define(asNumber(t)))
  }
  const visit = walker<Text>({
    literal: (e) => number(parameters.literal(isFloat(e.dtype) ? Math.fround(e.value) : Number(e.value))),
    scalar: (e) => number(parameters.scalar(e.slot)),
    index: (e) => number(`x${e.axis}`),
    load: (e, index, valid) => {
      parameters.buffers.add(e.buffer)
      // In brackets gpu.js would hand integers to functions, which take floats.
      const called = index.text.includes('idiv') || index.text.includes('imod')
      const load = `p${e.buffer}[${called ? define(asNumber(index)) : asNumber(index)}]`
      return named(e, number(valid ? `(${asCondition(valid)} ? ${load} : 0.0)` : load))
    },
    unary: (e, x) => {
      const row = unary[e.fn]
      return named(e, typeof row === 'string' ? parameters.call(row, x) : row(x, parameters))
    },
    binary: (e, a, b) => {
      const row = binary[e.fn]
      return named(e, typeof row === 'string' ? parameters.call(row, a, b) : row(a, b, parameters))
    },
    select: (e, c, a, b) => named(e, number(`(${asCondition(c)} ? ${asNumber(a)} : ${asNumber(b)})`)),
    cast: (e, x) => {
      if (e.dtype !== 'bool' || x.condition) return named(e, number(asNumber(x)))
      return named(e, condition(`(${x.text} !== 0.0)`))
    },
    register: (e) => number(`r${e.stage}`),
    stored: () => {
      throw new Error('stores are put in by their values')
    },
  })
  return visit(root)
}

/** `gl`: for a shader, whose functions are less exact than JavaScript's. */
export function render(unit: Unit, gl: boolean): Rendered {
  const parameters = new Parameters(gl)
  const lines = ['const i = this.thread.x;', ...point(unit, parameters)]
  for (const [stage, reduce] of unit.reduces) lines.push(...reduction(stage, reduce, unit.rank, parameters))
  const value = printer(unit.value, 't', parameters, (line) => lines.push(line))
  lines.push(`return ${asNumber(value)};`)
  const buffers = [...parameters.buffers]
  const old = !unit.place.dense
  const scalars = [...parameters.scalars]
  const constants = [...parameters.specials]
  const names = [...buffers.map((b) => `p${b}`), ...(old ? ['old'] : []), ...scalars.map((s) => `s${s}`), ...constants]
  return {
    text: `function(${names.join(', ')}) {\n${lines.map((line) => `  ${line}`).join('\n')}\n}`,
    functions: [...parameters.functions].map((name) => functions[name]),
    buffers,
    old,
    scalars,
    constants: constants.map((name) => specials[name]),
  }
}

/** The coordinates of the point that writes place i. What no point writes keeps what it was. */
function point({ place }: Unit, parameters: Parameters): string[] {
  const { constant, scalars, digits, dense } = place
  const lines: string[] = []
  const moved = scalars.map(({ slot, factor }) => ` - ${literal(factor)} * ${parameters.scalar(slot)}`).join('')
  let rest = constant === 0 && moved === '' ? 'i' : 'j'
  if (rest === 'j') lines.push(`const j = i - ${literal(constant)}${moved};`)
  if (!dense) lines.push(`if (${rest} < 0.0) { return old[i]; }`)
  for (const { axis, extent, stride, reversed } of digits) {
    let digit = rest
    if (stride > 1) {
      parameters.functions.add('idiv')
      digit = `d${axis}`
      lines.push(`const d${axis} = idiv(${rest}, ${literal(stride)});`, `const j${axis} = ${rest} - d${axis} * ${literal(stride)};`)
      rest = `j${axis}`
    } else rest = '0.0'
    if (!dense) lines.push(`if (${digit} >= ${literal(extent)}) { return old[i]; }`)
    lines.push(`const x${axis} = ${reversed ? `${literal(extent - 1)} - ${digit}` : digit};`)
  }
  if (!dense && rest !== '0.0') lines.push(`if (${rest} > 0.5) { return old[i]; }`)
  return lines
}

/** Loops around what is reduced. Their bounds are literals: any other loop of gpu.js stops at 1000 iterations. */
function reduction(stage: number, { op, extents, value, dtype }: ReduceStage, rank: number, parameters: Parameters): string[] {
  const r = `r${stage}`
  const body: string[] = []
  const v = asNumber(printer(value, `t${stage}_`, parameters, (line) => body.push(line)))
  const before: string[] = []
  switch (op) {
    case 'sum':
      before.push(`let ${r} = 0.0;`)
      body.push(`${r} = ${r} + ${v};`)
      break
    case 'prod':
      before.push(`let ${r} = 1.0;`)
      body.push(`${r} = ${r} * ${v};`)
      break
    case 'max':
    case 'min': {
      const extreme = isFloat(dtype) ? parameters.special('infinity') : literal(2 ** 25)
      before.push(`let ${r} = ${op === 'max' ? '-' : ''}${extreme};`)
      body.push(`${r} = ${parameters.call(op === 'max' ? 'fmax' : 'fmin', number(r), number(v)).text};`)
      break
    }
    case 'argmax':
    case 'argmin': {
      const [best, k, x] = [`best${stage}`, `k${stage}`, `v${stage}`]
      before.push(`let ${r} = 0.0;`, `let ${best} = 0.0;`, `let ${k} = 0.0;`)
      const better = `${x} ${op === 'argmax' ? '>' : '<'} ${best}`
      body.push(
        `const ${x} = ${v};`,
        `if (${k} < 0.5 || (${best} === ${best} && (${better} || !(${x} === ${x})))) { ${best} = ${x}; ${r} = ${k}; }`,
        `${k} = ${k} + 1.0;`,
      )
    }
  }
  const loops = extents.map((extent, d) => `for (let x${rank + d} = 0; x${rank + d} < ${extent}; x${rank + d}++) {`)
  return [...before, ...loops, ...body, ...loops.map(() => '}')]
}
