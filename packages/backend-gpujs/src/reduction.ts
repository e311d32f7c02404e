/** Reductions as loops for gpu.js, the innermost written out in part. */
import { distinct, type Expr, type ExprPool, type Index, isArg, isFloat, type ReduceStage, rebuild } from '@tenon/kernel'
import { asNumber, extreme, literal, number, type Parameters, print, type Scope } from './printer.ts'

/** Loops around what is reduced. Their bounds are literals: any other loop of gpu.js stops at 1000 iterations. */
export function reduction(
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
  for (let last = loops.at(-1); last?.extent && values.length * last.extent <= largestWindow; last = loops.at(-1)) {
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
