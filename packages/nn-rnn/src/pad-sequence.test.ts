import { ones, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { padSequence } from './index.ts'

describe('padSequence', () => {
  const sequences = [tensor([1, 2, 3]), tensor([4])]

  it('pads the shorter ones at their end', async () => {
    expect(await padSequence(sequences).toArray()).toEqual([
      [1, 4],
      [2, 0],
      [3, 0],
    ])
    expect(await padSequence(sequences, { batchFirst: true, paddingValue: -1 }).toArray()).toEqual([
      [1, 2, 3],
      [4, -1, -1],
    ])
    expect(padSequence([ones([2, 5]), ones([4, 5]), ones([0, 5])]).shape).toEqual([4, 3, 5])
  })

  it('refuses what does not fit together', () => {
    expect(() => padSequence([])).toThrow('padSequence takes tensors that differ in their first dimension only, got none')
    expect(() => padSequence([zeros([2, 3]), zeros([2, 4])])).toThrow('got [2, 3], [2, 4]')
    expect(() => padSequence([zeros([]), zeros([])])).toThrow('got [], []')
  })
})
