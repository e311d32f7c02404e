import { randomSource } from '@tenon/datasets'
import { describe, expect, it } from 'vitest'
import { sampleToken } from './sampling.ts'

const logits = Float32Array.of(0, Math.log(2), Math.log(5), Math.log(2))
const counts = (temperature: number, topK: number | null, draws = 20_000): number[] => {
  const random = randomSource(1).next
  const drawn = Array.from({ length: draws }, () => sampleToken(logits, { temperature, topK, random }))
  return Array.from(logits, (_, token) => drawn.filter((each) => each === token).length / draws)
}

describe('a token that is drawn', () => {
  it('comes as often as its probability says', () => {
    for (const [i, part] of counts(1, null).entries()) expect(part).toBeCloseTo([0.1, 0.2, 0.5, 0.2][i]!, 1.7)
  })

  it('is a likelier one where it is cold', () => {
    for (const [i, part] of counts(0.5, null).entries()) expect(part).toBeCloseTo([1 / 34, 4 / 34, 25 / 34, 4 / 34][i]!, 1.7)
    expect(counts(0, null, 100)).toEqual([0, 0, 1, 0])
  })

  it('is one of the likeliest k, the first of equals among them', () => {
    const [a, b, c, d] = counts(1, 2)
    expect([a, d]).toEqual([0, 0])
    expect(b).toBeCloseTo(2 / 7, 1.7)
    expect(c).toBeCloseTo(5 / 7, 1.7)
    expect(counts(1, 1, 100)).toEqual([0, 0, 1, 0])
    expect(counts(1, 1000)).toEqual(counts(1, null))
  })

  it('may have scores of any size', () => {
    const draw = (...scores: number[]): number =>
      sampleToken(Float32Array.from(scores), { temperature: 0.1, topK: null, random: () => 0.999 })
    expect(draw(1e30, -1e30)).toBe(0)
    expect(draw(-Infinity, -1e4)).toBe(1)
  })

  it('needs scores that are numbers', () => {
    const draw =
      (...scores: number[]) =>
      () =>
        sampleToken(Float32Array.from(scores), { temperature: 1, topK: null, random: () => 0 })
    expect(draw()).toThrow('there are no scores')
    expect(draw(0, Number.NaN)).toThrow('a score is NaN')
  })
})
