/** A stranger's backend: an allocator, and a kernel compiler that evaluates one point at a time. It passes what every backend must. */
import {
  type Backend,
  type BinaryOp,
  type DType,
  dtypes,
  type Expr,
  identity,
  isFloat,
  type Kernel,
  kernelBackend,
  type LoopKernel,
  type PrefixScan,
  product,
  type Scatter,
  type Sort,
  type TypedArray,
  toLoops,
  type UnaryOp,
  walker,
} from '@tenon/kernel'
import { describeBackend } from '@tenon/testing'

/** A number as this dtype holds it. */
function fit(dtype: DType, x: number): number {
  if (dtype === 'float32') return Math.fround(x)
  if (dtype === 'int32') return x | 0
  if (dtype === 'uint32') return x >>> 0
  return dtype === 'bool' ? Number(x !== 0) : x
}

/** Floats to integers: truncated and saturated, NaN gives 0. */
function cast(dtype: DType, from: DType, x: number): number {
  if (!isFloat(from)) return fit(dtype, x)
  if (dtype === 'int32') return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.trunc(x))) || 0
  if (dtype === 'uint32') return Math.max(0, Math.min(2 ** 32 - 1, Math.trunc(x))) || 0
  return fit(dtype, x)
}

/** Abramowitz and Stegun 7.1.5 and 7.1.14: the series near 0, the continued fraction far from it. */
function erf(x: number): number {
  const size = Math.abs(x)
  if (Number.isNaN(x)) return NaN
  if (size > 6) return Math.sign(x)
  if (size < 2.5) {
    let term = x
    let sum = x
    for (let n = 1; n < 60; n++) {
      term *= (-x * x) / n
      sum += term / (2 * n + 1)
    }
    return (2 / Math.sqrt(Math.PI)) * sum
  }
  let fraction = 0
  for (let k = 60; k > 0; k--) fraction = k / 2 / (size + fraction)
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)))
}

function halfToEven(x: number): number {
  const down = Math.floor(x)
  if (x - down !== 0.5) return Math.round(x)
  return down % 2 === 0 ? down : down + 1
}

const unary: Record<UnaryOp, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  round: halfToEven,
  sqrt: Math.sqrt,
  recip: (x) => 1 / x,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  tanh: Math.tanh,
  erf,
  not: (x) => Number(!x),
}

const binary: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  idiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  pow: (a, b) => (b === 0 || a === 1 ? 1 : Math.abs(a) === 1 && Math.abs(b) === Infinity ? 1 : a ** b),
  atan2: Math.atan2,
  max: Math.max,
  min: Math.min,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << b,
  shr: (a, b) => a >>> b,
}

function apply(dtype: DType, fn: BinaryOp, a: number, b: number): number {
  return fit(dtype, fn === 'mul' && !isFloat(dtype) ? Math.imul(a, b) : binary[fn](a, b))
}

function* points(extents: readonly number[]): Generator<number[]> {
  const strides = extents.map((_, i) => product(extents.slice(i + 1)))
  for (let p = 0; p < product(extents); p++) yield extents.map((extent, i) => Math.floor(p / strides[i]!) % extent)
}

type Evaluate = (e: Expr) => number

const evaluator = (
  at: readonly number[],
  before: readonly TypedArray[],
  scalars: readonly number[],
  registers: readonly number[],
  kernel: Kernel,
): Evaluate => {
  const visit: Evaluate = walker<number>({
    literal: (e) => e.value,
    scalar: (e) => fit(e.dtype, scalars[e.slot]!),
    index: (e) => at[e.axis]!,
    load: (e, index, valid) => (valid === 0 ? 0 : before[e.buffer]![index]!),
    unary: (e, x) => fit(e.dtype, unary[e.fn](x)),
    binary: (e, a, b) => apply(e.dtype, e.fn, a, b),
    select: (_, cond, a, b) => (cond ? a : b),
    cast: (e, x) => cast(e.dtype, e.x.dtype, x),
    register: (e) => registers[e.stage]!,
    stored: (e) => visit(((kernel as LoopKernel).stages[e.stage] as { value: Expr }).value),
  })
  return visit
}

function runLoops(kernel: LoopKernel, buffers: readonly TypedArray[], scalars: readonly number[]): void {
  const before = buffers.map((b) => b.slice())
  for (const outer of points(kernel.grid)) {
    const registers: number[] = []
    for (const [number, stage] of kernel.stages.entries()) {
      const found: number[] = []
      for (const inner of points(stage.extents)) {
        const evaluate = evaluator([...outer, ...inner], before, scalars, registers, kernel)
        if (stage.kind === 'store') buffers[stage.buffer]![evaluate(stage.index)] = evaluate(stage.value)
        else found.push(evaluate(stage.value))
      }
      if (stage.kind === 'store') continue
      const { op } = stage
      const better = (a: number, b: number): boolean => !Number.isNaN(b) && (Number.isNaN(a) || (op === 'argmax' ? a > b : a < b))
      if (op === 'argmax' || op === 'argmin') registers[number] = found.reduce((best, v, i) => (better(v, found[best]!) ? i : best), 0)
      else {
        const fn = ({ sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const)[op]
        registers[number] = found.reduce((a, b) => apply(stage.dtype, fn, a, b), identity(op, stage.dtype))
      }
    }
  }
}

function runScatter(kernel: Scatter, buffers: readonly TypedArray[], scalars: readonly number[]): void {
  const before = buffers.map((b) => b.slice())
  const out = buffers[kernel.out]!
  for (let i = 0; i < out.length; i++) out[i] = evaluator([i], before, scalars, [], kernel)(kernel.initial)
  for (const at of points(kernel.grid)) {
    const evaluate = evaluator(at, before, scalars, [], kernel)
    const index = evaluate(kernel.index)
    if (index >= 0 && index < out.length) out[index] = kernel.op === 'add' ? out[index]! + evaluate(kernel.value) : evaluate(kernel.value)
  }
}

/** Prefix scans and sorts, line by line. */
function runLines(kernel: PrefixScan | Sort, buffers: readonly TypedArray[], scalars: readonly number[]): void {
  const before = buffers.map((b) => b.slice())
  const values = [...points(kernel.grid)].map((at) => evaluator(at, before, scalars, [], kernel)(kernel.value))
  const length = kernel.grid[kernel.axis]!
  const stride = product(kernel.grid.slice(kernel.axis + 1))
  for (let first = 0; first < values.length; first++) {
    if (Math.floor(first / stride) % length !== 0) continue
    const line = Array.from({ length }, (_, i) => values[first + i * stride]!)
    results(kernel, line).forEach((result, i) => (buffers[kernel.out]![first + i * stride] = result))
  }
}

function results(kernel: PrefixScan | Sort, line: readonly number[]): number[] {
  if (kernel.kind === 'sort') {
    const order = (a: number, b: number): number => Number(a > b) - Number(a < b) || Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    return [...line.keys()].sort((i, j) => (kernel.descending ? order(line[j]!, line[i]!) : order(line[i]!, line[j]!)))
  }
  const [start, fn] = kernel.op === 'sum' ? ([0, 'add'] as const) : ([1, 'mul'] as const)
  let total: number = start
  return line.map((x) => (total = apply(kernel.value.dtype, fn, total, x)))
}

const toy = (): Backend =>
  kernelBackend<TypedArray>({
    name: 'toy',
    capabilities: {
      dtypes: ['float32', 'float64', 'int32', 'uint32', 'bool'],
      threads: 1,
      maxStores: 8,
      maxInputs: 32,
      maxLoop: 64,
      maxLength: 2 ** 24,
    },
    allocate: (dtype, length) => new dtypes[dtype].array(length),
    free: () => {},
    write: (memory, data) => memory.set(data),
    read: async (memory) => memory.slice(),
    compileKernel: (kernel) => {
      if (kernel.kind === 'scatter') return (buffers, scalars) => runScatter(kernel, buffers, scalars)
      if ('axis' in kernel) return (buffers, scalars) => runLines(kernel, buffers, scalars)
      const loops = kernel.kind === 'loop' ? kernel : toLoops(kernel)
      return (buffers, scalars) => runLoops(loops, buffers, scalars)
    },
  })

describeBackend('toy', toy)
