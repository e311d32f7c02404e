/** Draws of `multinomial` are as likely as their weights say, on every backend. */
import { Generator, multinomial, ShapeError, softmax, tensor, useBackend, zeros } from '@tenon/tensor'
import { beforeAll, describe, expect, test } from 'vitest'
import { backends } from './backends.ts'

const weights = [2, 0, 5, 1, 2]
const chances = weights.map((w) => w / 10)

/** No frequency is more than four standard deviations from its chance. */
function expectFrequencies(drawn: ArrayLike<number>, expected: readonly number[]): void {
  expected.forEach((p, i) => {
    const frequency = Array.from(drawn).filter((x) => x === i).length / drawn.length
    expect(Math.abs(frequency - p), `position ${i}`).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / drawn.length))
  })
}

describe.each(backends)('multinomial on $name', ({ make }) => {
  beforeAll(async () => {
    await useBackend(await make())
  })
  const rows = 20_000
  const many = () => tensor(weights).expand([rows, weights.length])

  test('with replacement every draw has the chances of the weights', async () => {
    const drawn = multinomial(tensor(weights), rows, { replacement: true, generator: new Generator(1) })
    expect([drawn.shape, drawn.dtype]).toEqual([[rows], 'int32'])
    expectFrequencies(await drawn.data(), chances)
  })

  test('a single draw has the chances of the weights', async () => {
    expectFrequencies(await multinomial(many(), 1, { generator: new Generator(2) }).data(), chances)
  })

  test('without replacement the next draw has the chances of what is left, and none comes twice', async () => {
    const drawn = await multinomial(many(), 4, { generator: new Generator(3) }).data()
    const draw = (row: number, i: number): number => drawn[4 * row + i]!
    const all = Array.from({ length: rows }, (_, row) => row)
    expectFrequencies(
      all.map((row) => draw(row, 0)),
      chances,
    )
    const afterTwo = all.filter((row) => draw(row, 0) === 2).map((row) => draw(row, 1))
    expectFrequencies(afterTwo, [0.4, 0, 0, 0.2, 0.4])
    for (const row of all) expect([0, 1, 2, 3].map((i) => draw(row, i)).sort()).toEqual([0, 2, 3, 4])
  })

  test('repeats with the seed, and differs from draw to draw', async () => {
    const probabilities = softmax(tensor(weights), 0) // known only on the device
    const draws = async (seed: number): Promise<number[][]> => {
      const generator = new Generator(seed)
      const draw = async (): Promise<number[]> => [...(await multinomial(probabilities, 20, { replacement: true, generator }).data())]
      return [await draw(), await draw()]
    }
    const [first, again] = [await draws(4), await draws(4)]
    expect(first).toEqual(again)
    expect(first[0]).not.toEqual(first[1])
  })
})

test('weights that are known and make no distribution are refused', () => {
  expect(() => multinomial(tensor([1, -1]), 1)).toThrow(new RangeError('multinomial: weights are finite and ≥ 0, got -1'))
  expect(() => multinomial(tensor([1, NaN]), 1)).toThrow(RangeError)
  expect(() => multinomial(tensor([[1, 1], [0, 0]]), 1)).toThrow(new RangeError('multinomial: all weights of row 1 are 0')) // biome-ignore format: rows
  expect(() => multinomial(tensor([1, 0, 0]), 2)).toThrow('only 1 of the weights of row 0 is > 0: too few to draw 2 without replacement')
  expect(() => multinomial(tensor([1, 2]), 3)).toThrow('3 of 2 positions cannot be drawn without replacement; pass { replacement: true }')
  expect(() => multinomial(tensor([1, 2]), 0)).toThrow(ShapeError)
  expect(() => multinomial(zeros([2, 0]), 1)).toThrow(ShapeError)
})
