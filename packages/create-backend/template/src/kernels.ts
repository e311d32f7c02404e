/** The kinds of kernels that are left when products of matrices and convolutions have become loops. */
import {
  identity,
  isFloat,
  type LoopKernel,
  type PrefixScan,
  product,
  type ReduceStage,
  type Scatter,
  type Sort,
  type StoreStage,
} from '@tenon/kernel'
import { compiler, type Frame, forPoints, type Value } from './expressions.ts'
import { applyBinary, settle } from './operations.ts'

type Compile = ReturnType<typeof compiler>

export function compileLoop({ grid, stages }: LoopKernel, frame: Frame): () => void {
  const compile = compiler(frame, stages)
  const steps = stages.map((stage, i) => {
    const { extents } = stage
    const run = stage.kind === 'store' ? compileStore(stage, frame, compile) : compileReduce(stage, frame, compile, i)
    return () => run((visit) => forPoints(frame, extents, grid.length, visit))
  })
  return () =>
    forPoints(frame, grid, 0, () => {
      for (const step of steps) step()
    })
}

/** Runs for the points of a stage. */
type Run = (forEach: (visit: () => void) => void) => void

function compileStore(stage: StoreStage, frame: Frame, compile: Compile): Run {
  const [index, value] = [compile(stage.index), compile(stage.value)]
  return (forEach) =>
    forEach(() => {
      frame.buffers[stage.buffer]![index()] = value()
    })
}

const combine = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const

function compileReduce({ op, value, dtype }: ReduceStage, frame: Frame, compile: Compile, register: number): Run {
  const next = compile(value)
  if (op === 'argmax' || op === 'argmin') return positionOf(op, next, frame, register)
  const inner = isFloat(dtype) ? 'float64' : dtype // floats are rounded once
  return (forEach) => {
    let result = identity(op, dtype)
    forEach(() => {
      result = applyBinary(combine[op], inner, result, next())
    })
    frame.registers[register] = settle(dtype, result)
  }
}

/** The first of equals; NaN counts as the extreme. */
function positionOf(op: 'argmax' | 'argmin', next: Value, frame: Frame, register: number): Run {
  const better = op === 'argmax' ? (x: number, best: number) => x > best : (x: number, best: number) => x < best
  return (forEach) => {
    let [position, best, n] = [0, NaN, 0]
    forEach(() => {
      const x = next()
      if (n === 0 || better(x, best) || (Number.isNaN(x) && !Number.isNaN(best))) [position, best] = [n, x]
      n++
    })
    frame.registers[register] = position
  }
}

export function compileScatter({ op, out, initial, grid, index, value }: Scatter, frame: Frame): () => void {
  const compile = compiler(frame)
  const [first, at, x] = [compile(initial), compile(index), compile(value)]
  return () => {
    const target = frame.buffers[out]!
    forPoints(frame, [target.length], 0, () => {
      target[frame.point[0]!] = first()
    })
    forPoints(frame, grid, 0, () => {
      const i = at()
      if (i >= 0 && i < target.length) target[i] = op === 'add' ? target[i]! + x() : x()
    })
  }
}

/** Prefix scans and sorts: a line at a time. */
export function compileLines(kernel: PrefixScan | Sort, frame: Frame): () => void {
  const value = compiler(frame)(kernel.value)
  const length = kernel.grid[kernel.axis]!
  const stride = product(kernel.grid.slice(kernel.axis + 1))
  const process = kernel.kind === 'sort' ? sortLine(kernel) : scanLine(kernel)
  return () => {
    const values: number[] = []
    forPoints(frame, kernel.grid, 0, () => values.push(value()))
    const target = frame.buffers[kernel.out]!
    for (let first = 0; first < values.length; first++) {
      if (Math.floor(first / stride) % length !== 0) continue
      const line = Array.from({ length }, (_, i) => values[first + i * stride]!)
      process(line).forEach((result, i) => {
        target[first + i * stride] = result
      })
    }
  }
}

type Line = (line: readonly number[]) => number[]

/** Positions in order: equals keep theirs, NaN is greater than all else. */
function sortLine({ descending }: Sort): Line {
  const order = (a: number, b: number): number => Number(a > b) - Number(a < b) || Number(Number.isNaN(a)) - Number(Number.isNaN(b))
  return (line) => [...line.keys()].sort((i, j) => (descending ? order(line[j]!, line[i]!) : order(line[i]!, line[j]!)))
}

function scanLine({ op, value: { dtype } }: PrefixScan): Line {
  const inner = isFloat(dtype) ? 'float64' : dtype
  return (line) => {
    let total = identity(op, dtype)
    return line.map((x) => (total = applyBinary(combine[op], inner, total, x)))
  }
}
