/** Units as JavaScript functions for gpu.js. */
import { isFloat, type ReduceStage } from '@tenon/kernel'
import { functions } from './functions.ts'
import { asNumber, divide, literal, number, Parameters, print, type Scope, specials } from './printer.ts'
import type { Unit } from './units.ts'

export interface Rendered {
  readonly text: string
  readonly functions: readonly string[]
  /** Its arguments, in this order: buffers, what the output held before, scalars, numbers that cannot be written. */
  readonly buffers: readonly number[]
  readonly old: boolean
  readonly scalars: readonly number[]
  readonly constants: readonly number[]
}

/** `gl`: for a shader, whose functions are less exact than JavaScript's. */
export function render(unit: Unit, gl: boolean): Rendered {
  const parameters = new Parameters(gl)
  const used = new Set<number>()
  const axis = (a: number): string => {
    used.add(a)
    return `x${a}`
  }
  const common = { pool: unit.pool, place: unit.index, axis }
  const body: string[] = []
  for (const [stage, reduce] of unit.reduces) body.push(...reduction(stage, reduce, unit.rank, common, parameters))
  const value = asNumber(print(unit.value, { ...common, level: () => 0, lines: [body], prefix: 't' }, parameters))
  const lines = ['const i = this.thread.x;', ...point(unit, used, parameters), ...body, `return ${value};`]
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

/** The coordinates, of those axes that are used, of the point that writes place i. What no point writes keeps what it was. */
function point({ place, length }: Unit, used: ReadonlySet<number>, parameters: Parameters): string[] {
  const { constant, scalars, digits, dense } = place
  const lines: string[] = []
  const moved = scalars.map(({ slot, factor }) => ` - ${literal(factor)} * ${parameters.scalar(slot)}`).join('')
  let rest = constant === 0 && moved === '' ? 'i' : 'j'
  if (rest === 'j') lines.push(`const j = i - ${literal(constant)}${moved};`)
  if (!dense) lines.push(`if (${rest} < 0.0) { return old[i]; }`)
  const last = dense ? digits.findLastIndex(({ axis }) => used.has(axis)) : digits.length - 1
  for (const { axis, extent, stride, reversed } of digits.slice(0, last + 1)) {
    let digit = rest
    if (stride > 1) {
      digit = `d${axis}`
      lines.push(
        `const d${axis} = ${divide(rest, stride, length, parameters)};`,
        `const j${axis} = ${rest} - d${axis} * ${literal(stride)};`,
      )
      rest = `j${axis}`
    } else rest = '0.0'
    if (!dense) lines.push(`if (${digit} >= ${literal(extent)}) { return old[i]; }`)
    if (used.has(axis)) lines.push(`const x${axis} = ${reversed ? `${literal(extent - 1)} - ${digit}` : digit};`)
  }
  if (!dense && rest !== '0.0') lines.push(`if (${rest} > 0.5) { return old[i]; }`)
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
  const axes = extents.flatMap((extent, d) => (extent === 1 ? [] : [{ axis: rank + d, extent }]))
  const lines: string[][] = [[], ...axes.map(() => [])]
  const level = (axis: number): number => axes.findIndex((a) => a.axis === axis) + 1
  const v = asNumber(print(value, { ...common, level, lines, prefix: `t${stage}_` }, parameters))
  const [before, body] = [lines[0]!, lines.at(-1)!]
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
  const loops = axes.flatMap(({ axis, extent }, d) => [...lines[d]!, `for (let x${axis} = 0; x${axis} < ${extent}; x${axis}++) {`])
  return [...loops, ...body, ...axes.map(() => '}')]
}
