/** Kernels computed on the host, point by point: what gpu.js cannot say. Plain, and slow. */
import {
  distinct,
  dtypes,
  type Expr,
  identity,
  isFloat,
  type LoopKernel,
  type PrefixScan,
  product,
  type ReduceStage,
  type Scatter,
  type Sort,
  type TypedArray,
} from '@tenon/kernel'
import { cast, fit, operation, unary } from './operations.ts'

/** Computes into those of the arrays that the kernel writes to. */
export type HostKernel = (arrays: readonly TypedArray[], scalars: readonly number[]) => void

interface Frame {
  /** What loads see: memory as it was before the kernel. */
  before: readonly TypedArray[]
  scalars: readonly number[]
  readonly at: number[]
  readonly registers: number[]
}

/** The expressions' values at the frame's point. Each distinct expression is computed once. */
function evaluator(roots: readonly Expr[], frame: Frame): (root: number) => number {
  const order = [...distinct(roots)]
  const places = new Map(order.map((e, i) => [e, i] as const))
  const v = new Float64Array(order.length)
  const steps = order.map((e, i) => step(e, i, v, (x) => places.get(x)!, frame))
  const wanted = roots.map((root) => {
    const needed = [...distinct([root])].map((e) => steps[places.get(e)!]!)
    return { needed, place: places.get(root)! }
  })
  return (root) => {
    const { needed, place } = wanted[root]!
    for (const run of needed) run()
    return v[place]!
  }
}

function step(e: Expr, i: number, v: Float64Array, place: (e: Expr) => number, frame: Frame): () => void {
  switch (e.op) {
    case 'literal':
      return () => void (v[i] = Number(e.value))
    case 'scalar':
      return () => void (v[i] = fit(e.dtype, frame.scalars[e.slot]!))
    case 'index':
      return () => void (v[i] = frame.at[e.axis]!)
    case 'register':
      return () => void (v[i] = frame.registers[e.stage]!)
    case 'load': {
      const index = place(e.index)
      const valid = e.valid && place(e.valid)
      return () => void (v[i] = valid !== null && v[valid] === 0 ? 0 : frame.before[e.buffer]![v[index]!]!)
    }
    case 'unary': {
      const [fn, x, { dtype }] = [unary[e.fn], place(e.x), e]
      return () => void (v[i] = fit(dtype, fn(v[x]!)))
    }
    case 'binary': {
      const [fn, a, b, { dtype }] = [operation(e.fn, e.a.dtype), place(e.a), place(e.b), e]
      return () => void (v[i] = fit(dtype, fn(v[a]!, v[b]!)))
    }
    case 'select': {
      const [cond, a, b] = [place(e.cond), place(e.a), place(e.b)]
      return () => void (v[i] = v[cond] === 0 ? v[b]! : v[a]!)
    }
    case 'cast': {
      const [x, from, to] = [place(e.x), e.x.dtype, e.dtype]
      return () => void (v[i] = cast(to, from, v[x]!))
    }
    case 'stored':
      throw new Error('stores are put in by their values')
  }
}

/** Visits the points of extents in row-major order, with their coordinates in `at` from `first` on. */
function forPoints(at: number[], first: number, extents: readonly number[], visit: (point: number) => void): void {
  const total = product(extents)
  extents.forEach((_, d) => (at[first + d] = 0))
  for (let p = 0; p < total; p++) {
    visit(p)
    for (let d = extents.length - 1; d >= 0 && ++at[first + d]! === extents[d]; d--) at[first + d] = 0
  }
}

const newFrame = (): Frame => ({ before: [], scalars: [], at: [], registers: [] })

/** The kernel is a normalized one. */
export function hostLoops({ grid, stages, buffers }: LoopKernel): HostKernel {
  const frame = newFrame()
  const written = new Set(stages.flatMap((s) => (s.kind === 'store' ? [s.buffer] : [])))
  const passes = stages.map((s, number) => {
    const evaluate = evaluator(s.kind === 'store' ? [s.index, s.value] : [s.value], frame)
    if (s.kind === 'store')
      return (arrays: readonly TypedArray[]) =>
        forPoints(frame.at, grid.length, s.extents, () => (arrays[s.buffer]![evaluate(0)] = evaluate(1)))
    return () => (frame.registers[number] = reduce(s, (visit) => forPoints(frame.at, grid.length, s.extents, () => visit(evaluate(0)))))
  })
  return (arrays, scalars) => {
    frame.scalars = scalars
    frame.before = buffers.map((_, b) => (written.has(b) ? arrays[b]!.slice() : arrays[b]!))
    forPoints(frame.at, 0, grid, () => passes.forEach((pass) => pass(arrays)))
    frame.before = []
  }
}

function reduce({ op, dtype }: ReduceStage, forValues: (visit: (x: number) => void) => void): number {
  if (op === 'argmax' || op === 'argmin') {
    let [best, at, k] = [0, 0, 0]
    forValues((x) => {
      if (k === 0 || (!Number.isNaN(best) && (Number.isNaN(x) || (op === 'argmax' ? x > best : x < best)))) [best, at] = [x, k]
      k++
    })
    return at
  }
  const combine = operation(({ sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const)[op], dtype)
  let result = identity(op, dtype)
  const settle = isFloat(dtype) ? (x: number) => x : (x: number) => fit(dtype, x)
  forValues((x) => (result = settle(combine(result, x))))
  return fit(dtype, result)
}

export function hostScatter(kernel: Scatter): HostKernel {
  const frame = newFrame()
  const { length } = kernel.buffers[kernel.out]!
  const initial = evaluator([kernel.initial], frame)
  const point = evaluator([kernel.index, kernel.value], frame)
  return (arrays, scalars) => {
    frame.scalars = scalars
    frame.before = arrays
    const out = arrays[kernel.out]!
    forPoints(frame.at, 0, [length], (i) => (out[i] = initial(0)))
    forPoints(frame.at, 0, kernel.grid, () => {
      const index = point(0)
      if (index >= 0 && index < length) out[index] = kernel.op === 'add' ? out[index]! + point(1) : point(1)
    })
    frame.before = []
  }
}

/** Prefix scans and sorts. */
export function hostLines(kernel: PrefixScan | Sort): HostKernel {
  const frame = newFrame()
  const { grid, axis } = kernel
  const evaluate = evaluator([kernel.value], frame)
  const length = grid[axis]!
  const stride = product(grid.slice(axis + 1))
  const values = new dtypes[kernel.value.dtype].array(product(grid))
  return (arrays, scalars) => {
    frame.scalars = scalars
    frame.before = arrays
    forPoints(frame.at, 0, grid, (p) => (values[p] = evaluate(0)))
    for (let block = 0; block < values.length; block += length * stride) {
      for (let first = block; first < block + stride; first++) {
        const line = Array.from({ length }, (_, i) => values[first + i * stride]!)
        computeLine(kernel, line).forEach((result, i) => (arrays[kernel.out]![first + i * stride] = result))
      }
    }
    frame.before = []
  }
}

/** NaN comes after everything. */
const ascending = (a: number, b: number): number => Number(a > b) - Number(a < b) || Number(Number.isNaN(a)) - Number(Number.isNaN(b))

function computeLine(kernel: PrefixScan | Sort, line: readonly number[]): number[] {
  if (kernel.kind === 'sort') {
    const order = kernel.descending ? (a: number, b: number) => ascending(b, a) : ascending
    return [...line.keys()].sort((i, j) => order(line[i]!, line[j]!)) // JavaScript's sort is stable
  }
  const { dtype } = kernel.value
  const combine = operation(kernel.op === 'sum' ? 'add' : 'mul', dtype)
  let total = kernel.op === 'sum' ? 0 : 1
  return line.map((x) => (total = isFloat(dtype) ? combine(total, x) : fit(dtype, combine(total, x))))
}
