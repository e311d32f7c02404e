/** Units as JavaScript functions for gpu.js. */
import { product } from '@tenon/kernel'
import { functions } from './functions.ts'
import { asNumber, divide, literal, Parameters, print, specials } from './printer.ts'
import { reduction } from './reduction.ts'
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

/**
 * The coordinates, of those axes that are used, of a number from 0 to below `limit`. Where not every number stands for a point (`!dense`), the
 * output keeps what it was there.
 */
function coordinates(
  start: string,
  limit: number,
  digits: readonly Digit[],
  used: ReadonlySet<number>,
  parameters: Parameters,
  dense = true,
): string[] {
  const lines: string[] = []
  const smallest = dense ? (digits.at(-1)?.stride ?? 1) : 1
  const last = dense ? digits.findLastIndex(({ axis }) => used.has(axis)) : digits.length - 1
  let rest = start
  for (const { axis, extent, stride, reversed } of digits.slice(0, last + 1)) {
    let digit = rest
    if (stride > smallest) {
      digit = `d${axis}`
      lines.push(
        `const d${axis} = ${divide(rest, stride / smallest, limit, parameters)};`,
        `const j${axis} = ${rest} - d${axis} * ${literal(stride / smallest)};`,
      )
      rest = `j${axis}`
    } else rest = '0.0'
    if (!dense) lines.push(`if (${digit} >= ${literal(extent)}) { return old[i]; }`)
    if (used.has(axis)) lines.push(`const x${axis} = ${reversed ? `${literal(extent - 1)} - ${digit}` : digit};`)
  }
  if (!dense && rest !== '0.0') lines.push(`if (${rest} > 0.5) { return old[i]; }`)
  return lines
}

/** The coordinates of the point that writes place i. */
function point({ place, length }: Unit, used: ReadonlySet<number>, parameters: Parameters): string[] {
  const { constant, scalars, digits, dense } = place
  if (dense) return coordinates('i', length, digits, used, parameters)
  const moved = scalars.map(({ slot, factor }) => ` - ${literal(factor)} * ${parameters.scalar(slot)}`).join('')
  const lines = [`const j = i - ${literal(constant)}${moved};`, 'if (j < 0.0) { return old[i]; }']
  return [...lines, ...coordinates('j', length, digits, used, parameters, false)]
}
