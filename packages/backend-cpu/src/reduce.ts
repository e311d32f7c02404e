/** Reductions of blocks to a value for each grid point. Floats are summed and multiplied in double, and rounded last. */
import { identity, isFloat, type ReduceStage } from '@tenon/kernel'
import { type Block, settle } from './operations.ts'

export interface Reducer {
  /** Begins anew for `count` grid points. */
  begin(count: number): void
  /** Takes n values, the first of them number `first` of all values of the grid points, each of which has `length`. */
  add(values: Block, n: number, first: number, length: number): void
  finish(count: number, register: Block): void
}

/** Folds the values from `start` to before `end` into a total. */
type Fold = (total: number, values: Block, start: number, end: number) => number

const folds = {
  sum: (total, values, start, end) => {
    for (let i = start; i < end; i++) total += values[i]!
    return total
  },
  prod: (total, values, start, end) => {
    for (let i = start; i < end; i++) total *= values[i]!
    return total
  },
  max: (total, values, start, end) => {
    for (let i = start; i < end; i++) total = Math.max(total, values[i]!)
    return total
  },
  min: (total, values, start, end) => {
    for (let i = start; i < end; i++) total = Math.min(total, values[i]!)
    return total
  },
} satisfies Record<string, Fold>

const integerFolds = {
  sum: (total, values, start, end) => {
    for (let i = start; i < end; i++) total = (total + values[i]!) | 0
    return total
  },
  prod: (total, values, start, end) => {
    for (let i = start; i < end; i++) total = Math.imul(total, values[i]!)
    return total
  },
} satisfies Record<string, Fold>

export function makeReducer({ op, value: { dtype } }: ReduceStage, gridPoints: number): Reducer {
  if (op === 'argmax' || op === 'argmin') return argReducer(op === 'argmax' ? 1 : -1, gridPoints)
  const fold: Fold = isFloat(dtype) || op === 'max' || op === 'min' ? folds[op] : integerFolds[op]
  const totals = new Float64Array(gridPoints)
  return {
    begin: (count) => totals.fill(identity(op, dtype), 0, count),
    add(values, n, first, length) {
      segments(n, first, length, (point, start, end) => {
        totals[point] = fold(totals[point]!, values, start, end)
      })
    },
    finish(count, register) {
      register.set(totals.subarray(0, count))
      settle[dtype]?.(register, count)
    },
  }
}

/** The position of the largest value times `sign`: the first of equals, and NaN is the largest of all. */
function argReducer(sign: 1 | -1, gridPoints: number): Reducer {
  const best = new Float64Array(gridPoints)
  const positions = new Int32Array(gridPoints)
  return {
    begin(count) {
      best.fill(-Infinity, 0, count)
      positions.fill(0, 0, count)
    },
    add(values, n, first, length) {
      segments(n, first, length, (point, start, end) => {
        let most = best[point]!
        for (let i = start; i < end && most === most; i++) {
          const value = sign * values[i]!
          if (value <= most) continue // false for NaN
          most = value
          positions[point] = (first + i) % length
        }
        best[point] = most
      })
    },
    finish: (count, register) => register.set(positions.subarray(0, count)),
  }
}

/** Calls back for each run of values that belong to one grid point. */
function segments(n: number, first: number, length: number, visit: (point: number, start: number, end: number) => void): void {
  let point = Math.floor(first / length)
  let end = Math.min(n, length - (first % length))
  for (let start = 0; start < n; end = Math.min(n, start + length)) {
    visit(point++, start, end)
    start = end
  }
}
