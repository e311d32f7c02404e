/** Expressions, kernels and programs as text. */
import { expressions, gridOf, stagesOf } from './access.ts'
import { type BinaryOp, type Expr, operands, walker } from './expr.ts'
import type { Kernel, MatrixView, SpatialAxis } from './kernel.ts'
import type { Program, Step } from './program.ts'

// biome-ignore format: a row for each level of precedence
const infix: Partial<Record<BinaryOp, readonly [symbol: string, level: number]>> = {
  or: ['|', 1], xor: ['^', 2], and: ['&', 3],
  eq: ['==', 4], ne: ['!=', 4], lt: ['<', 5], le: ['<=', 5],
  shl: ['<<', 6], shr: ['>>>', 6],
  add: ['+', 7], sub: ['-', 7], mul: ['*', 8], div: ['/', 8], idiv: ['//', 8], mod: ['%', 8],
}

interface Text {
  readonly text: string
  readonly level: number
}
const atom = (text: string): Text => ({ text, level: 9 })
const within = (t: Text, level: number): string => (t.level < level ? `(${t.text})` : t.text)

/** Prints expressions in place, but for what is shared among them: that gets a name, and a line of its own. */
function printer(roots: readonly Expr[], define: (line: string) => void): (e: Expr) => string {
  const shared = sharedIn(roots)
  let names = 0
  const named = (e: Expr, t: Text): Text => {
    if (!shared.has(e)) return t
    define(`t${names} = ${t.text}`)
    return atom(`t${names++}`)
  }
  const visit = walker<Text>({
    literal: (e) => atom(e.dtype === 'bool' ? String(e.value !== 0) : Object.is(e.value, -0) ? '-0' : `${e.value}`),
    scalar: (e) => atom(`s${e.slot}`),
    index: (e) => atom(`i${e.axis}`),
    load: (e, index, valid) => named(e, atom(`b${e.buffer}[${index.text}${valid ? ` if ${valid.text}` : ''}]`)),
    unary: (e, x) => named(e, atom(`${e.fn}(${x.text})`)),
    binary: (e, a, b) => {
      const [symbol, level] = infix[e.fn] ?? []
      if (!symbol || !level) return named(e, atom(`${e.fn}(${a.text}, ${b.text})`))
      return named(e, { text: `${within(a, level)} ${symbol} ${within(b, level + 1)}`, level })
    },
    select: (e, cond, a, b) => named(e, { text: `${within(cond, 1)} ? ${within(a, 1)} : ${within(b, 1)}`, level: 0 }),
    cast: (e, x) => named(e, atom(`${e.dtype}(${x.text})`)),
    register: (e) => atom(`r${e.stage}`),
    stored: (e) => atom(`stored${e.stage}`),
  })
  return (e) => visit(e).text
}

const isLeaf = (e: Expr): boolean => operands(e).length === 0

/** Expressions that occur more than once and are worth a name. */
function sharedIn(roots: readonly Expr[]): Set<Expr> {
  const seen = new Set<Expr>()
  const shared = new Set<Expr>()
  const visit = (e: Expr, index: boolean): void => {
    if (isLeaf(e)) return
    if (seen.has(e)) {
      // Small index arithmetic reads better in place.
      if (!index || operands(e).some((x) => !isLeaf(x))) shared.add(e)
      return
    }
    seen.add(e)
    for (const x of operands(e)) visit(x, e.op === 'load' && x === e.index)
  }
  for (const e of roots) visit(e, false)
  return shared
}

/** An expression as text; what it uses twice has a name, on a line of its own. */
export function printExpr(e: Expr): string {
  const lines: string[] = []
  const text = printer([e], (line) => lines.push(line))(e)
  return [...lines, text].join('\n')
}

/** A kernel as text, for people. */
export function printKernel(kernel: Kernel): string {
  const grid = gridOf(kernel)
  const lines = [`${kernel.kind} [${grid.join(', ')}]`]
  const add = (line: string): void => void lines.push(`  ${line}`)
  const print = printer(expressions(kernel), add)
  if (kernel.kind === 'contraction') add(`r0 = sum k<${kernel.k}: ${matrix(kernel.a)} · ${matrix(kernel.b)}`)
  if (kernel.kind === 'convolution') {
    const { x, w, spatial } = kernel
    const input = view(x.buffer, x.offset, [x.batch, x.group, x.channel, ...x.spatial])
    const weights = view(w.buffer, w.offset, [w.group, w.out, w.in, ...w.spatial])
    add(`r0 = sum c<${kernel.inChannels}: ${input} ⋆ ${weights}, ${spatial.map(spatialAxis).join(', ')}`)
  }
  if (kernel.kind === 'scatter') {
    const [initial, index, value] = expressions(kernel).map(print)
    add(`b${kernel.out}[i0] = ${initial}`)
    add(`b${kernel.out}[${index}] ${kernel.op === 'add' ? '+=' : '='} ${value}`)
  }
  if (kernel.kind === 'prefixScan') add(`b${kernel.out} = ${kernel.op} along i${kernel.axis}: ${print(kernel.value)}`)
  if (kernel.kind === 'sort') {
    const { out, axis, count, descending, value } = kernel
    add(`b${out} = first ${count} in ${descending ? 'descending' : 'ascending'} order along i${axis}: ${print(value)}`)
  }
  for (const [number, s] of stagesOf(kernel).entries()) {
    const axes = s.extents.map((extent, i) => `i${grid.length + i}<${extent}`).join(' ')
    const loops = axes && `${axes}: `
    const value = print(s.value)
    if (s.kind === 'reduce') add(`r${number} = ${s.op} ${loops}${value}`)
    else add(`${loops}b${s.buffer}[${print(s.index)}] = ${value}`)
  }
  return lines.join('\n')
}

const view = (buffer: number, offset: number, strides: readonly number[]): string => `b${buffer}[${offset}; ${strides.join(', ')}]`

const matrix = (v: MatrixView): string => view(v.buffer, v.offset, [...v.batchStrides, v.rowStride, v.columnStride])

const spatialAxis = (a: SpatialAxis): string =>
  `${a.input}⋆${a.kernel} stride ${a.stride} dilation ${a.dilation}/${a.inputDilation} pad ${a.padLow}`

/** A program as text, for people: its buffers, then its steps. */
export function printProgram(program: Program): string {
  const lines = program.buffers.map((b, i) => {
    const place = b.role === 'temporary' ? ` @${b.offset}` : ''
    return `buffer ${i}: ${b.role} ${b.dtype}[${b.length}]${place}`
  })
  if (program.scalars.length) lines.push(`scalars: ${program.scalars.join(', ')}`)
  if (program.arenaBytes) lines.push(`arena: ${program.arenaBytes} bytes`)
  return [...lines, ...program.steps.flatMap(printStep)].join('\n')
}

function printStep(step: Step): string[] {
  if (step.kind === 'run') {
    const scalars = step.scalars.length ? `; scalars ${step.scalars.join(', ')}` : ''
    return [`run (${step.buffers.join(', ')}${scalars})`, ...indented(printKernel(step.kernel).split('\n'))]
  }
  const slices = step.slices.map((s) => `buffer ${s.buffer} = part of ${s.of} from ${s.start} + t * ${s.stride}`)
  const carries = step.carries.map((c) => `carry ${c.current} = ${c.next}`)
  return [`repeat t<${step.count}`, ...indented([...slices, ...step.body.flatMap(printStep), ...carries])]
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
