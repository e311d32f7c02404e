import { describe, expect, it } from 'vitest'
import { randomOrder, randomSource } from './random.ts'

const permutation = (length: number, seed: number, epoch: number): Int32Array => randomOrder(length, length, seed, epoch)

describe('the order of an epoch', () => {
  it('has every index once', () => {
    for (const length of [0, 1, 2, 7, 1000]) {
      expect([...permutation(length, 3, 5)].sort((a, b) => a - b)).toEqual([...Array(length).keys()])
    }
  })

  it('is a pure function of the seed and the epoch, and differs in each', () => {
    expect(permutation(100, 1, 2)).toEqual(permutation(100, 1, 2))
    const orders = [
      permutation(100, 1, 2),
      permutation(100, 1, 3),
      permutation(100, 2, 2),
      permutation(100, 2, 1),
      permutation(100, 2 ** 32 + 1, 2),
    ]
    expect(new Set(orders.map(String)).size).toBe(orders.length)
  })

  it('never changes: runs that were saved resume with these numbers', () => {
    expect([...permutation(10, 0, 0)]).toEqual([6, 4, 8, 0, 7, 2, 3, 9, 5, 1])
    expect([...permutation(10, 42, 7)]).toEqual([2, 8, 3, 6, 4, 7, 0, 1, 5, 9])
  })

  it('puts each item at each place equally often', () => {
    const counts = new Int32Array(25)
    for (let epoch = 0; epoch < 10_000; epoch++) {
      permutation(5, 9, epoch).forEach((item, place) => counts[item * 5 + place]!++)
    }
    // 2,000 expected, standard deviation 40.
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200)
  })
})

describe('a part of an order', () => {
  it('is the end of the whole one', () => {
    expect([...randomOrder(10, 4, 0, 0)]).toEqual([3, 9, 5, 1])
    expect([...randomOrder(10, 0, 0, 0)]).toEqual([])
  })

  it('has every item before any comes again, in an order of its own', () => {
    const order = [...randomOrder(10, 25, 0, 0)]
    const rounds = [order.slice(0, 10), order.slice(10, 20), order.slice(20)]
    for (const round of rounds) expect(new Set(round).size).toBe(round.length)
    expect(rounds[0]).toEqual([...permutation(10, 0, 0)])
    expect(rounds[1]).not.toEqual(rounds[0])
    expect(new Set(rounds[1])).toEqual(new Set(rounds[0]))
  })
})

describe('randomSource', () => {
  it('draws evenly from [0, 1) and from bounds that are no power of two', () => {
    const random = randomSource(1, 2, 3)
    const values = Array.from({ length: 10_000 }, () => random.next())
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    expect(values.reduce((sum, value) => sum + value, 0) / 10_000).toBeCloseTo(0.5, 1)
    const counts = [0, 0, 0]
    for (let draw = 0; draw < 9000; draw++) counts[random.below(3)]!++
    for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(300)
  })
})
