/** Expressions as closures: a row for each kind of them. In a backend that generates code, a row gives text. */
import { type Expr, type Stage, type TypedArray, walker } from '@tenon/kernel'
import { applyBinary, cast, settle, unary } from './operations.ts'

/** What a kernel sees while it runs. */
export interface Frame {
  /** The memory of each buffer, and what it held before the kernel. */
  buffers: readonly TypedArray[]
  before: readonly TypedArray[]
  scalars: readonly number[]
  /** The results of reductions, by the number of their stage. */
  readonly registers: number[]
  /** The loop variables, by axis. */
  readonly point: number[]
  /** Counts the points that were visited. */
  visit: number
}

export const newFrame = (): Frame => ({ buffers: [], before: [], scalars: [], registers: [], point: [], visit: 0 })

/** Gives the value of an expression at the frame's point. */
export type Value = () => number

/** Compiles the expressions of a kernel, whose stages `stored` refers to. */
export function compiler(frame: Frame, stages: readonly Stage[] = []): (e: Expr) => Value {
  /** Expressions share their parts, as Threefry does twenty times over: so each is computed once at a point. */
  const once = (compute: Value): Value => {
    let [at, value] = [-1, 0]
    return () => {
      if (at === frame.visit) return value
      at = frame.visit
      return (value = compute())
    }
  }
  const compile: (e: Expr) => Value = walker<Value>({
    literal: ({ value }) => once(() => value),
    scalar: ({ dtype, slot }) => once(() => settle(dtype, frame.scalars[slot]!)),
    index: ({ axis }) => once(() => frame.point[axis]!),
    load: ({ buffer }, index, valid) => once(() => (valid && !valid() ? 0 : frame.before[buffer]![index()]!)),
    unary: ({ fn, dtype }, x) => once(() => settle(dtype, unary[fn](x()))),
    binary: ({ fn, dtype }, a, b) => once(() => applyBinary(fn, dtype, a(), b())),
    select: (_, cond, a, b) => once(() => (cond() ? a() : b())),
    cast: ({ dtype, x: { dtype: from } }, x) => once(() => cast(dtype, from, x())),
    register: ({ stage }) => once(() => frame.registers[stage]!),
    stored: ({ stage }) => compile((stages[stage] as Extract<Stage, { kind: 'store' }>).value),
  })
  return compile
}

/** Goes through the points of a grid in row-major order, its axes numbered from `first` on. */
export function forPoints(frame: Frame, extents: readonly number[], first: number, visit: () => void): void {
  const loop = (i: number): void => {
    if (i === extents.length) {
      frame.visit++
      visit()
      return
    }
    for (let x = 0; x < extents[i]!; x++) {
      frame.point[first + i] = x
      loop(i + 1)
    }
  }
  loop(0)
}
