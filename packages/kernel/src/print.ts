/** Kernels as text: for people, and as a key under which equal kernels are compiled once. */
import { expressions } from './access.ts'
import { type BinaryOp, type Expr, operands, walker } from './expr.ts'
import type { Kernel, MatrixView, StoreStage } from './kernel.ts'
import type { Program, Step } from './program.ts'

// ── for people ──

const infix: Partial<Record<BinaryOp, readonly [symbol: string, level: number]>> = {
  or: ['|', 1], xor: ['^', 2], and: ['&', 3],
  eq: ['==', 4], ne: ['!=', 4], lt: ['<', 5], le: ['<=', 5],
  shl: ['<<', 6], shr: ['>>>', 6],
  add: ['+', 7], sub: ['-', 7], mul: ['*', 8], div: ['/', 8], idiv: ['//', 8], mod: ['%', 8],
}

interface Text { readonly text: string; readonly level: number }
const atom = (text: string): Text => ({ text, level: 9 })
const within = (t: Text, level: number): string => (t.level < level ? `(${t.text})` : t.text)

/** Prints expressions; what several of them, or one of them twice, refer to is handed to `name` and printed by its name. */
function printer(isShared: (e: Expr) => boolean, name: (text: string) => string): (e: Expr) => string {
  const shared = (e: Expr, t: Text): Text => (isShared(e) ? atom(name(t.text)) : t)
  const visit = walker<Text>({
    literal: (e) => atom(e.dtype === 'bool' ? String(Boolean(e.value)) : Object.is(e.value, -0) ? '-0' : String(e.value)),
    scalar: (e) => atom(`s${e.slot}`),
    index: (e) => atom(`i${e.axis}`),
    load: (e, index, valid) => shared(e, atom(`b${e.buffer}[${index.text}${valid ? ` if ${valid.text}` : ''}]`)),
    unary: (e, x) => shared(e, atom(`${e.fn}(${x.text})`)),
    binary: (e, a, b) => {
      const operator = infix[e.fn]
      if (!operator) return shared(e, atom(`${e.fn}(${a.text}, ${b.text})`))
      const [symbol, level] = operator
      return shared(e, { text: `${within(a, level)} ${symbol} ${within(b, level + 1)}`, level })
    },
    select: (e, cond, a, b) => shared(e, { text: `${within(cond, 1)} ? ${within(a, 1)} : ${within(b, 1)}`, level: 0 }),
    cast: (e, x) => shared(e, atom(`${e.dtype}(${x.text})`)),
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

export function printExpr(e: Expr): string {
  const lines: string[] = []
  const shared = sharedIn([e])
  const print = printer((x) => shared.has(x), (text) => {
    lines.push(`t${lines.length} = ${text}`)
    return `t${lines.length - 1}`
  })
  const last = print(e)
  return [...lines, last].join('\n')
}

export function printKernel(kernel: Kernel): string {
  const lines: string[] = []
  let names = 0
  const roots = expressions(kernel)
  const shared = sharedIn(roots)
  const print = printer((e) => shared.has(e), (text) => {
    lines.push(`  t${names} = ${text}`)
    return `t${names++}`
  })
  const store = (s: StoreStage, axes: number): string => {
    const value = print(s.value)
    return `  ${loops(s.extents, axes)}b${s.buffer}[${print(s.index)}] = ${value}`
  }
  switch (kernel.kind) {
    case 'loop':
      lines.push(`loop [${kernel.grid.join(', ')}]`)
      kernel.stages.forEach((s, i) => {
        const { length } = kernel.grid
        const text = s.kind === 'store' ? store(s, length) : `  r${i} = ${s.op} ${loops(s.extents, length)}${print(s.value)}`
        lines.push(text)
      })
      break
    case 'contraction':
      lines.push(`contraction ${kernel.dtype} [${[...kernel.batch, kernel.m, kernel.n].join(', ')}]`)
      lines.push(`  r0 = sum k<${kernel.k}: ${matrix(kernel.a)} · ${matrix(kernel.b)}`)
      for (const s of kernel.stores) lines.push(store(s, 0))
      break
    case 'convolution': {
      const { x, w, spatial } = kernel
      const outputs = spatial.map((axis) => axis.output)
      lines.push(`convolution ${kernel.dtype} [${[kernel.batch, kernel.groups, kernel.outChannels, ...outputs].join(', ')}]`)
      const axes = spatial.map((a) => `${a.input}⋆${a.kernel} stride ${a.stride} dilation ${a.dilation}/${a.inputDilation} pad ${a.padLow}`)
      const xs = [x.batch, x.group, x.channel, ...x.spatial]
      const ws = [w.group, w.out, w.in, ...w.spatial]
      lines.push(`  r0 = sum c<${kernel.inChannels}: b${x.buffer}[${x.offset}; ${xs}] ⋆ b${w.buffer}[${w.offset}; ${ws}] (${axes.join(', ')})`)
      for (const s of kernel.stores) lines.push(store(s, 0))
      break
    }
    case 'scatter': {
      lines.push(`scatter [${kernel.grid.join(', ')}]`)
      const [initial, index, value] = roots.map(print)
      lines.push(`  b${kernel.out}[i0] = ${initial}`, `  b${kernel.out}[${index}] ${kernel.op === 'add' ? '+=' : '='} ${value}`)
    }
  }
  return lines.join('\n')
}

const matrix = (v: MatrixView): string => `b${v.buffer}[${v.offset}; ${[...v.batchStrides, v.rowStride, v.columnStride]}]`

const loops = (extents: readonly number[], firstAxis: number): string =>
  extents.length ? `${extents.map((extent, i) => `i${firstAxis + i}<${extent}`).join(' ')}: ` : ''

export function printProgram(program: Program): string {
  const lines = program.buffers.map((b, i) => {
    const place = b.role === 'temporary' ? ` @${b.offset}` : ''
    return `buffer ${i}: ${b.role} ${b.dtype}[${b.length}]${place}`
  })
  if (program.scalars.length) lines.push(`scalars: ${program.scalars.join(', ')}`)
  if (program.arenaBytes) lines.push(`arena: ${program.arenaBytes} bytes`)
  const visit = (step: Step, indent: string): void => {
    if (step.kind === 'run') {
      const scalars = step.scalars.length ? `; scalars ${step.scalars.join(', ')}` : ''
      lines.push(`${indent}run (${step.buffers.join(', ')}${scalars})`)
      lines.push(...printKernel(step.kernel).split('\n').map((line) => `${indent}  ${line}`))
      return
    }
    lines.push(`${indent}repeat ${step.count}`)
    for (const s of step.slices) lines.push(`${indent}  buffer ${s.buffer} = part of ${s.of} at ${s.start} + t*${s.stride}`)
    for (const inner of step.body) visit(inner, `${indent}  `)
    for (const c of step.carries) lines.push(`${indent}  carry ${c.current} <- ${c.next}`)
  }
  for (const step of program.steps) visit(step, '')
  return lines.join('\n')
}

// ── for caches ──

const byName = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1)

/** Equal for equal kernels, whatever pools their expressions came from: the key under which backends cache compiled kernels. */
export function kernelKey(kernel: Kernel): string {
  const numbers = new Map<string, number>()
  const define = (text: string): number => {
    let number = numbers.get(text)
    if (number === undefined) numbers.set(text, (number = numbers.size))
    return number
  }
  const number = walker<number>({
    literal: (e) => define(`${e.dtype} ${Object.is(e.value, -0) ? '-0' : e.value}`),
    scalar: (e) => define(`${e.dtype} s${e.slot}`),
    index: (e) => define(`i${e.axis}<${e.extent}`),
    load: (e, index, valid) => define(`${e.dtype} b${e.buffer} ${index} ${valid ?? ''}`),
    unary: (e, x) => define(`${e.fn} ${x}`),
    binary: (e, a, b) => define(`${e.fn} ${a} ${b}`),
    select: (_, cond, a, b) => define(`? ${cond} ${a} ${b}`),
    cast: (e, x) => define(`${e.dtype} ${x}`),
    register: (e) => define(`${e.dtype} r${e.stage}`),
    stored: (e) => define(`${e.dtype} stored${e.stage}`),
  })
  // An expression is replaced by its number; all other fields are plain data, and go by name.
  const fields = JSON.stringify(kernel, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return 'op' in value && 'id' in value ? number(value as Expr) : Object.fromEntries(Object.entries(value).sort(byName))
  })
  return `${fields}${[...numbers.keys()].join(';')}`
}
