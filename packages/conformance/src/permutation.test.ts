/** Draws of `permutation` hold every number once, in any order alike, on every backend. */
import { Generator, permutation, useBackend } from '@tenon/tensor'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

describe.each(backends)('permutation on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(make())
  })

  test('has every number once, as int32, and the next draw has them in another order', async () => {
    const generator = new Generator(1)
    const [a, b] = [permutation(1000, { generator }), permutation(1000, { generator })]
    expect([a.shape, a.dtype]).toEqual([[1000], 'int32'])
    const [first, second] = [[...(await a.data())], [...(await b.data())]]
    expect(first.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 1000 }, (_, i) => i))
    expect(first).not.toEqual(second)
    expect([...(await permutation(1000, { generator: new Generator(1) }).data())]).toEqual(first)
  })

  test('each of the six orders of three comes as often as the others', async () => {
    const generator = new Generator(2)
    const counts = new Map<string, number>()
    for (let draw = 0; draw < 1200; draw++) {
      const key = (await permutation(3, { generator }).data()).join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    // 200 each, and no count more than four standard deviations from it.
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThanOrEqual(4 * Math.sqrt(1200 * (1 / 6) * (5 / 6)))
  })
})
