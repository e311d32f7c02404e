import { expect, test } from 'vitest'
import { distinct } from './access.ts'
import type { Expr } from './expr.ts'
import { fewInputs } from './few-inputs.ts'
import { ExprPool } from './pool.ts'

const inputs = (e: Expr): number => new Set([...distinct([e])].flatMap((x) => (x.op === 'load' ? [x.buffer] : []))).size

test('a value of many buffers is computed in parts that read few each', () => {
  const pool = new ExprPool()
  const load = (buffer: number): Expr => pool.load('float32', buffer, pool.index(0, 3))
  const terms = Array.from({ length: 40 }, (_, b) => pool.mul(load(2 * b), load(2 * b + 1)))
  const gathered = pool.load(
    'float32',
    80,
    pool.cast(
      'int32',
      terms.reduce((a, b) => pool.add(a, b)),
    ),
  )
  const value = pool.select(pool.binary('lt', load(81), load(82)), gathered, load(83))
  const parts: Expr[] = []
  const last = fewInputs(pool, value, 5, (part) => load(100 + parts.push(part)))
  for (const part of [...parts, last]) expect(inputs(part)).toBeLessThanOrEqual(5)
  const read = new Set([...distinct([...parts, last])].flatMap((e) => (e.op === 'load' ? [e.buffer] : [])))
  for (let buffer = 0; buffer < 84; buffer++) expect(read.has(buffer)).toBe(true)
})

test('what fits is left as it is', () => {
  const pool = new ExprPool()
  const value = pool.add(pool.load('float32', 0, pool.int(0)), pool.load('float32', 1, pool.int(0)))
  expect(fewInputs(pool, value, 4, () => expect.fail('nothing is to be kept'))).toBe(value)
})
