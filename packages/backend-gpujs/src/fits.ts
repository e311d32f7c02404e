/**
 * What a kernel of float32 numbers can say. gpu.js has no integers: they are float32 there, exact to 2²⁴. So a bound is
 * found for each integer, and a kernel with one that may lie outside is computed on the host.
 */
import { type Expr, isFloat, operands, product, type ReduceStage, type Stage, walker } from '@tenon/kernel'

/** Integers in buffers are small on the device: whether they are is checked before they go there. */
export const largestStored: number = 2 ** 22
export const largestScalar: number = 2 ** 23
const largest = 2 ** 24

export const bitOperations = 'bit operations, which gpu.js lacks'
export const largeIntegers = 'integers that may pass 2^24, which float32 does not hold'
export const indexForm = 'a store whose place cannot be undone'

interface Range {
  readonly min: number
  readonly max: number
}
const anything: Range = { min: -Infinity, max: Infinity }
const truth: Range = { min: 0, max: 1 }

class Unfit extends Error {}

/** Null where all of it can run on the device, and otherwise the reason why not. Stages hold no `stored`. */
export function unfit(stages: readonly Stage[]): string | null {
  const registers = new Map<number, Range>()
  const range = walker<Range>({
    literal: (e) => (isFloat(e.dtype) ? anything : { min: Number(e.value), max: Number(e.value) }),
    scalar: (e) => (isFloat(e.dtype) ? anything : stored(e, largestScalar)),
    index: (e) => ({ min: 0, max: Math.max(0, e.extent - 1) }),
    load: (e) => (isFloat(e.dtype) ? anything : stored(e, largestStored)),
    unary: (e, x) => {
      if (e.fn === 'not') return truth
      if (isFloat(e.dtype)) return anything
      if (e.fn === 'neg') return { min: -x.max, max: -x.min }
      if (e.fn === 'abs') return { min: 0, max: Math.max(Math.abs(x.min), Math.abs(x.max)) }
      return e.fn === 'sign' ? { min: -1, max: 1 } : x
    },
    binary: (e, a, b) => (e.dtype === 'bool' ? truth : isFloat(e.dtype) ? anything : integer(e.fn, a, b)),
    select: (_, __, a, b) => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) }),
    cast: (e, x) => (e.dtype === 'bool' ? truth : isFloat(e.dtype) ? anything : x),
    register: (e) => registers.get(e.stage) ?? anything,
    stored: () => anything,
  })
  try {
    for (const [number, stage] of stages.entries()) {
      const value = range(stage.value)
      checkAll(stage.value, range)
      if (stage.kind === 'reduce') registers.set(number, reduced(stage, value))
      else if (!isFloat(stage.value.dtype) && Math.max(-value.min, value.max) > largestStored) throw new Unfit(largeIntegers)
    }
  } catch (error) {
    if (error instanceof Unfit) return error.message
    throw error
  }
  return null
}

/**
 * Every integer that the value depends on. The sums and products that give the place of a load are let be: the place lies in
 * a buffer, which has at most 2²³ elements.
 */
function checkAll(root: Expr, range: (e: Expr) => Range): void {
  const seen = [new Set<Expr>(), new Set<Expr>()]
  const visit = (e: Expr, place: boolean): void => {
    if (seen[Number(place)]!.has(e)) return
    seen[Number(place)]!.add(e)
    const { min, max } = range(e)
    if (!place && !isFloat(e.dtype) && !(min >= (e.dtype === 'uint32' ? 0 : -largest) && max <= largest)) throw new Unfit(largeIntegers)
    if (e.op === 'load') {
      visit(e.index, true)
      if (e.valid) visit(e.valid, false)
    } else if (e.op === 'select') {
      visit(e.cond, false)
      visit(e.a, place)
      visit(e.b, place)
    } else {
      const sum = e.op === 'binary' && (e.fn === 'add' || e.fn === 'sub' || e.fn === 'mul')
      for (const x of operands(e)) visit(x, place && sum)
    }
  }
  visit(root, false)
}

const stored = (e: Expr, bound: number): Range => (e.dtype === 'bool' ? truth : { min: e.dtype === 'uint32' ? 0 : -bound, max: bound })

function integer(fn: string, a: Range, b: Range): Range {
  const corners = (f: (x: number, y: number) => number): Range => {
    const all = [f(a.min, b.min), f(a.min, b.max), f(a.max, b.min), f(a.max, b.max)]
    return { min: Math.min(...all), max: Math.max(...all) }
  }
  switch (fn) {
    case 'add':
      return { min: a.min + b.min, max: a.max + b.max }
    case 'sub':
      return { min: a.min - b.max, max: a.max - b.min }
    case 'mul':
      return corners((x, y) => x * y)
    case 'max':
    case 'min':
      return corners(Math[fn])
    case 'idiv':
    case 'mod': {
      const size = fn === 'mod' ? Math.max(Math.abs(b.min), Math.abs(b.max)) : Math.max(Math.abs(a.min), Math.abs(a.max))
      const signed = a.min < 0 || b.min < 0
      return { min: signed ? -size : 0, max: size }
    }
    case 'pow':
      throw new Unfit(largeIntegers)
    default:
      throw new Unfit(bitOperations)
  }
}

function reduced({ op, extents, dtype }: ReduceStage, value: Range): Range {
  const count = product(extents)
  if (op === 'argmax' || op === 'argmin') {
    if (count > largest) throw new Unfit(largeIntegers)
    return { min: 0, max: Math.max(0, count - 1) }
  }
  if (isFloat(dtype)) return anything
  if (dtype === 'bool' && count > 0) return truth
  const size = Math.max(Math.abs(value.min), Math.abs(value.max))
  const total = op === 'sum' ? size * count : op === 'prod' ? Math.max(1, size) ** count : count > 0 ? size : Infinity
  if (total > largest) throw new Unfit(largeIntegers)
  return { min: value.min < 0 ? -total : 0, max: Math.max(1, total) }
}
