import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Lifetime, planArena } from './plan.ts'

const lifetime = fc
  .record({ bytes: fc.integer({ min: 0, max: 5000 }), first: fc.nat(30), length: fc.nat(8) })
  .map(({ bytes, first, length }): Lifetime => ({ bytes, first, last: first + length }))

describe('planArena', () => {
  test('never lets two temporaries that are needed at once overlap', () => {
    fc.assert(
      fc.property(fc.array(lifetime, { maxLength: 40 }), (items) => {
        const { offsets, arenaBytes, lowerBound } = planArena(items)
        expect(arenaBytes).toBeGreaterThanOrEqual(lowerBound)
        items.forEach((a, i) => {
          expect(offsets[i]! % 64).toBe(0)
          expect(offsets[i]! + a.bytes).toBeLessThanOrEqual(arenaBytes)
          items.slice(0, i).forEach((b, j) => {
            const together = a.first <= b.last && b.first <= a.last
            const apart = offsets[i]! + a.bytes <= offsets[j]! || offsets[j]! + b.bytes <= offsets[i]!
            expect(!together || apart).toBe(true)
          })
        })
      }),
    )
  })

  test('reaches the lower bound for a chain, where each step needs its input and its output', () => {
    const sizes = [64, 6400, 640, 12800, 64, 6400, 640]
    const { arenaBytes, lowerBound } = planArena(sizes.map((bytes, i) => ({ bytes, first: i, last: i + 1 })))
    expect(lowerBound).toBe(640 + 12800)
    expect(arenaBytes).toBe(lowerBound)
  })

  test('stays within a quarter of the lower bound for a training step, where activations wait for their gradients', () => {
    const layers = 12
    const items: Lifetime[] = []
    for (let i = 0; i < layers; i++) {
      const bytes = 1000 * (1 + ((i * 7) % 5))
      items.push({ bytes, first: i, last: 2 * layers - i }) // activation
      items.push({ bytes, first: 2 * layers - i, last: 2 * layers - i + 1 }) // gradient
      items.push({ bytes: 300, first: 2 * layers - i, last: 2 * layers + 5 }) // gradient of the weights
    }
    const { arenaBytes, lowerBound } = planArena(items)
    expect(arenaBytes).toBeLessThanOrEqual(1.25 * lowerBound)
  })

  test('plans nothing into nothing', () => {
    expect(planArena([])).toEqual({ offsets: [], arenaBytes: 0, lowerBound: 0 })
  })
})
