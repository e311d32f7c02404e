import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BinaryOp, type Expr, walker } from './expr.ts'
import { ExprPool } from './pool.ts'

const extents = [3, 4, 1, 5]

/** An expression as a plain tree, so that what the pool makes of it can be compared with what it says. */
type Tree =
  | { readonly kind: 'axis'; readonly axis: number }
  | { readonly kind: 'literal'; readonly value: number }
  | { readonly kind: 'binary'; readonly fn: BinaryOp; readonly a: Tree; readonly b: Tree }
  | { readonly kind: 'select'; readonly cond: Tree; readonly a: Tree; readonly b: Tree }

const operations: Partial<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  idiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  max: Math.max,
  min: Math.min,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
}

const { int } = fc.letrec<{ int: Tree; bool: Tree }>((tie) => {
  const binary = (fns: readonly BinaryOp[], operand: fc.Arbitrary<Tree>): fc.Arbitrary<Tree> =>
    fc.record({ kind: fc.constant('binary' as const), fn: fc.constantFrom(...fns), a: operand, b: operand })
  const literal = fc.record({ kind: fc.constant('literal' as const), value: fc.integer({ min: -3, max: 12 }) })
  const positive = fc.record({ kind: fc.constant('literal' as const), value: fc.integer({ min: 1, max: 12 }) })
  const axis = fc.record({ kind: fc.constant('axis' as const), axis: fc.nat(extents.length - 1) })
  const divided = fc.record({
    kind: fc.constant('binary' as const),
    fn: fc.constantFrom<BinaryOp>('idiv', 'mod'),
    a: tie('int'),
    b: positive,
  })
  const select = fc.record({ kind: fc.constant('select' as const), cond: tie('bool'), a: tie('int'), b: tie('int') })
  const arithmetic = binary(['add', 'sub', 'mul', 'max', 'min'], tie('int'))
  return {
    int: fc.oneof({ maxDepth: 6, depthIdentifier: 'tree' }, axis, literal, arithmetic, divided, divided, select),
    bool: fc.oneof(
      { maxDepth: 6, depthIdentifier: 'tree' },
      binary(['lt', 'le', 'eq', 'ne'], tie('int')),
      binary(['and', 'or'], tie('bool')),
    ),
  }
})

function build(pool: ExprPool, t: Tree): Expr {
  switch (t.kind) {
    case 'axis':
      return pool.index(t.axis, extents[t.axis]!)
    case 'literal':
      return pool.int(t.value)
    case 'binary':
      return pool.binary(t.fn, build(pool, t.a), build(pool, t.b))
    case 'select':
      return pool.select(build(pool, t.cond), build(pool, t.a), build(pool, t.b))
  }
}

function meaning(t: Tree, at: readonly number[]): number {
  switch (t.kind) {
    case 'axis':
      return at[t.axis]!
    case 'literal':
      return t.value
    case 'binary':
      return operations[t.fn]!(meaning(t.a, at), meaning(t.b, at))
    case 'select':
      return meaning(t.cond, at) ? meaning(t.a, at) : meaning(t.b, at)
  }
}

const never = (): never => {
  throw new Error('not in these expressions')
}

const evaluate = (e: Expr, at: readonly number[]): number =>
  walker<number>({
    literal: (x) => x.value,
    index: (x) => at[x.axis]!,
    binary: (x, a, b) => operations[x.fn]!(a, b),
    select: (_, cond, a, b) => (cond ? a : b),
    scalar: never,
    load: never,
    unary: never,
    cast: never,
    register: never,
    stored: never,
  })(e)

const points: number[][] = []
for (let i = 0; i < extents[0]!; i++) for (let j = 0; j < extents[1]!; j++) for (let k = 0; k < extents[3]!; k++) points.push([i, j, 0, k])

describe('ExprPool', () => {
  test('simplifies without changing the value at any point, and bounds it rightly', () => {
    fc.assert(
      fc.property(int, (tree) => {
        const pool = new ExprPool()
        const e = build(pool, tree)
        const { min, max } = pool.range(e)
        for (const at of points) {
          const value = meaning(tree, at)
          expect(evaluate(e, at)).toBe(value)
          expect(value).toBeGreaterThanOrEqual(min)
          expect(value).toBeLessThanOrEqual(max)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('equal sums are the same object, in whatever order they were added', () => {
    const pool = new ExprPool()
    const [i, j] = [pool.index(0, 7), pool.index(1, 9)]
    const a = pool.add(pool.mul(pool.add(i, pool.int(2)), pool.int(3)), j)
    const b = pool.add(pool.add(j, pool.int(6)), pool.add(i, pool.mul(i, pool.int(2))))
    expect(a).toBe(b)
  })

  test('the index arithmetic of a reshape undone by another disappears', () => {
    const pool = new ExprPool()
    const flat = pool.index(0, 60)
    const row = pool.binary('idiv', flat, pool.int(20))
    const middle = pool.binary('mod', pool.binary('idiv', flat, pool.int(5)), pool.int(4))
    const column = pool.binary('mod', flat, pool.int(5))
    expect(pool.scaleAdd(pool.scaleAdd(row, 4, middle), 5, column)).toBe(flat)
  })

  test('a check of bounds that always holds is dropped', () => {
    const pool = new ExprPool()
    const i = pool.index(0, 10)
    expect(pool.binary('lt', pool.scaleAdd(i, 2, pool.int(1)), pool.int(20))).toBe(pool.bool(true))
    expect(pool.load('float32', 0, i, pool.binary('le', pool.int(0), i))).toBe(pool.load('float32', 0, i))
  })
})
