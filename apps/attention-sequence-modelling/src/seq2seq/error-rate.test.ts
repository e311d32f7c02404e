import { describe, expect, it } from 'vitest'
import { countErrors, editDistance, errorRate } from './error-rate.ts'

const said = (text: string): string[] => text.split(' ').filter((phoneme) => phoneme !== '')

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['K AE T', '', 3],
    ['', 'K AE T', 3],
    ['K AE T', 'K AE T', 0],
    ['K AE T', 'B AE T', 1],
    ['K AE T S', 'K AE T', 1],
    ['AE T', 'K AE T', 1],
    ['S IH T IH NG', 'K IH CH AH N', 4],
  ])('from "%s" to "%s" is %i', (a, b, distance) => {
    expect(editDistance(said(a), said(b))).toBe(distance)
  })
})

describe('countErrors', () => {
  it('holds a word against the nearest of its pronunciations, and divides by that one’s length', () => {
    const errors = countErrors(
      [said('R EH D'), said('K AE T'), said('')],
      [[said('R IY D'), said('R EH D')], [said('D AO G')], [said('AH'), said('EY')]],
    )
    expect(errors).toEqual({ edits: 0 + 3 + 1, phonemes: 3 + 3 + 1, right: 1, words: 3 })
    expect(errorRate(errors)).toBeCloseTo(4 / 7)
  })

  it('of equally near pronunciations takes the longest', () => {
    expect(countErrors([said('A B')], [[said('A'), said('A B C')]]).phonemes).toBe(3)
  })
})
