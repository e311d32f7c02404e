/** Units as JavaScript functions for gpu.js. */
import { distinct, type Expr, type ExprPool, type Index, isArg, isFloat, product, type ReduceStage, rebuild } from '@tenon/kernel'
import { functions } from './functions.ts'
import { asNumber, divide, extreme, literal, number, Parameters, print, type Scope, specials } from './printer.ts'
import type { Digit, Unit } from './units.ts'

export interface Rendered {
  readonly text: string
  readonly functions: readonly string[]
  /** The extents of the output, the innermost first. */
  readonly output: readonly number[]
  /** Its arguments, in this order: buffers, what the output held before, scalars, numbers that cannot be written. */
  readonly buffers: readonly number[]
  readonly old: boolean
  readonly scalars: readonly number[]
  readonly constants: readonly number[]
}

/** What runs it: a shader (`gl`), whose functions are less exact than JavaScript's, or what computes four numbers at once (`vectors`). */
export interface Target {
  readonly gl: boolean
  readonly vectors: boolean
}

export function render(unit: Unit, target: Target): Rendered {
  const parameters = new Parameters(target.gl)
  const used = new Set<number>()
  const axis = (a: number): string => {
    used.add(a)
    return `x${a}`
  }
  const common = { pool: unit.pool, place: unit.index, axis }
  const body: string[] = []
  for (const [stage, reduce] of unit.reduces) body.push(...reduction(stage, reduce, unit.rank, common, parameters))
  const [value] = print([unit.value], { ...common, level: () => 0, lines: [body], prefix: 't' }, parameters).map(asNumber)
  const rows = target.vectors ? rowsOf(unit) : null
  const start = rows ? pointInRows(rows, used, parameters) : ['const i = this.thread.x;', ...point(unit, used, parameters)]
  const lines = [...start, ...body, `return ${value};`]
  const buffers = [...parameters.buffers]
  const old = !unit.place.dense
  const scalars = [...parameters.scalars]
  const constants = [...parameters.specials]
  const names = [...buffers.map((b) => `p${b}`), ...(old ? ['old'] : []), ...scalars.map((s) => `s${s}`), ...constants]
  return {
    text: `function(${names.join(', ')}) {\n${lines.map((line) => `  ${line}`).join('\n')}\n}`,
    functions: [...parameters.functions].map((name) => functions[name]),
    output: rows?.map(extentOf) ?? [unit.length],
    buffers,
    old,
    scalars,
    constants: constants.map((name) => specials[name]),
  }
}

type Rows = readonly (readonly Digit[])[]
const extentOf = (digits: readonly Digit[]): number => product(digits.map(({ extent }) => extent))

/** A row costs an object, and is to be worth it. */
const shortestRow = 32

/**
 * The digits of x, y and z, for a result in rows: what depends on y and z alone is then computed once for the four neighbours, and needs no
 * division. Rows are of whole fours. Null where that is not to be had, or nothing is gained.
 */
function rowsOf({ place: { digits, dense }, reduces }: Unit): Rows | null {
  const cut = digits.findLastIndex((_, d) => extentOf(digits.slice(d)) >= shortestRow && extentOf(digits.slice(d)) % 4 === 0)
  if (!dense || reduces.size === 0 || cut < 1) return null
  const rows = [digits.slice(cut), digits.slice(cut - 1, cut), digits.slice(0, cut - 1)]
  return cut === 1 ? rows.slice(0, 2) : rows
}

function pointInRows(rows: Rows, used: ReadonlySet<number>, parameters: Parameters): string[] {
  const [x, y, z] = rows.map(extentOf)
  const row = z === undefined ? 'this.thread.y' : `(this.thread.z * ${y} + this.thread.y)`
  const lines = rows.flatMap((digits, d) => coordinates(`this.thread.${'xyz'[d]}`, extentOf(digits), digits, used, parameters))
  return [`const i = ${row} * ${x} + this.thread.x;`, ...lines]
}

/** The coordinates, of those axes that are used, of a number from 0 to below `limit`. */
function coordinates(start: string, limit: number, digits: readonly Digit[], used: ReadonlySet<number>, parameters: Parameters): string[] {
  const lines: string[] = []
  const unit = digits.at(-1)?.stride ?? 1
  let rest = start
  for (const { axis, extent, stride, reversed } of digits.slice(0, digits.findLastIndex(({ axis }) => used.has(axis)) + 1)) {
    let digit = rest
    if (stride > unit) {
      digit = `d${axis}`
      lines.push(
        `const d${axis} = ${divide(rest, stride / unit, limit, parameters)};`,
        `const j${axis} = ${rest} - d${axis} * ${literal(stride / unit)};`,
      )
      rest = `j${axis}`
    }
    if (used.has(axis)) lines.push(`const x${axis} = ${reversed ? `${literal(extent - 1)} - ${digit}` : digit};`)
  }
  return lines
}

/** The coordinates of the point that writes place i. What no point writes keeps what it was. */
function point({ place, length }: Unit, used: ReadonlySet<number>, parameters: Parameters): string[] {
  const { constant, scalars, digits, dense } = place
  if (dense) return coordinates('i', length, digits, used, parameters)
  const moved = scalars.map(({ slot, factor }) => ` - ${literal(factor)} * ${parameters.scalar(slot)}`).join('')
  const lines = [`const j = i - ${literal(constant)}${moved};`, 'if (j < 0.0) { return old[i]; }']
  let rest = 'j'
  for (const { axis, extent, stride, reversed } of digits) {
    let digit = rest
    if (stride > 1) {
      digit = `d${axis}`
      lines.push(
        `const d${axis} = ${divide(rest, stride, length, parameters)};`,
        `const j${axis} = ${rest} - d${axis} * ${literal(stride)};`,
      )
      rest = `j${axis}`
    } else rest = '0.0'
    lines.push(`if (${digit} >= ${literal(extent)}) { return old[i]; }`)
    if (used.has(axis)) lines.push(`const x${axis} = ${reversed ? `${literal(extent - 1)} - ${digit}` : digit};`)
  }
  if (rest !== '0.0') lines.push(`if (${rest} > 0.5) { return old[i]; }`)
  return lines
}

/** Loops around what is reduced. Their bounds are literals: any other loop of gpu.js stops at 1000 iterations. */
function reduction(
  stage: number,
  { op, extents, value, dtype }: ReduceStage,
  rank: number,
  common: Pick<Scope, 'pool' | 'place' | 'axis'>,
  parameters: Parameters,
): string[] {
  const r = `r${stage}`
  const axes = extents.flatMap((extent, d) => (extent === 1 ? [] : [{ axis: rank + d, extent, step: 1 }]))
  const { loops, values } = isArg(op) ? { loops: axes, values: [value] } : unrolled(common.pool, axes, value)
  const lines: string[][] = [[], ...loops.map(() => [])]
  const level = (axis: number): number => loops.findIndex((a) => a.axis === axis) + 1
  const texts = print(values, { ...common, level, lines, prefix: `t${stage}_` }, parameters).map(asNumber)
  const [before, body] = [lines[0]!, lines.at(-1)!]
  switch (op) {
    case 'sum':
      // The values first, so that one round waits for one addition of the round before.
      before.push(`let ${r} = 0.0;`)
      body.push(`${r} = ${r} + (${texts.join(' + ')});`)
      break
    case 'prod':
      before.push(`let ${r} = 1.0;`)
      body.push(`${r} = ${r} * (${texts.join(' * ')});`)
      break
    case 'max':
    case 'min': {
      const farthest = isFloat(dtype) ? parameters.special('infinity') : literal(2 ** 25)
      before.push(`let ${r} = ${op === 'max' ? '-' : ''}${farthest};`)
      const next = texts.reduce((best, v) => extreme(op)(best, number(v), parameters), number(r))
      body.push(`${r} = ${next.text};`)
      break
    }
    case 'argmax':
    case 'argmin': {
      const [best, k, x] = [`best${stage}`, `k${stage}`, `v${stage}`]
      before.push(`let ${r} = 0.0;`, `let ${best} = 0.0;`, `let ${k} = 0.0;`)
      const better = `${x} ${op === 'argmax' ? '>' : '<'} ${best}`
      body.push(
        `const ${x} = ${texts[0]};`,
        `if (${k} < 0.5 || (${best} === ${best} && (${better} || !(${x} === ${x})))) { ${best} = ${x}; ${r} = ${k}; }`,
        `${k} = ${k} + 1.0;`,
      )
    }
  }
  const heads = loops.flatMap(({ axis, extent, step }, d) => {
    const next = step === 1 ? `x${axis}++` : `x${axis} += ${step}`
    return [...lines[d]!, `for (let x${axis} = 0; x${axis} < ${extent}; ${next}) {`]
  })
  return [...heads, ...body, ...loops.map(() => '}')]
}

interface Loop {
  readonly axis: number
  readonly extent: number
  readonly step: number
}

/** Windows of up to so many places are written out. */
const largestWindow = 9
/** So many values of longer loops are written out, where that goes without a rest. */
const widths = [4, 3, 2]
/** More would make the code long, and what takes time is not the loop there. */
const largestUnrolled = 48

/** The innermost loops written out, in whole or in part, and the values that are then reduced in one round of the others. */
function unrolled(
  pool: ExprPool,
  axes: readonly Loop[],
  value: Expr,
): { readonly loops: readonly Loop[]; readonly values: readonly Expr[] } {
  if (distinct([value]).size > largestUnrolled) return { loops: axes, values: [value] }
  const loops = [...axes]
  let values: readonly Expr[] = [value]
  const writeOut = ({ axis, extent }: Loop, count: number): void => {
    const at = (e: Index, k: number): Expr => (count === extent ? pool.int(k) : pool.add(e, pool.int(k)))
    values = Array.from({ length: count }, (_, k) => rebuild(pool, { index: (e) => (e.axis === axis ? at(e, k) : e) })).flatMap((copy) =>
      values.map(copy),
    )
  }
  for (let last = loops.at(-1); last && values.length * last.extent <= largestWindow; last = loops.at(-1)) {
    writeOut(last, last.extent)
    loops.pop()
  }
  const last = loops.at(-1)
  const step = last && values.length === 1 && widths.find((width) => last.extent % width === 0)
  if (step) {
    writeOut(last, step)
    loops[loops.length - 1] = { ...last, step }
  }
  return { loops, values }
}
