import { tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Linear } from './index.ts'

const layer = (): Linear => {
  const linear = new Linear(3, 2)
  linear.weight.assign(
    tensor([
      [1, 2, 3],
      [-1, 0, 1],
    ]),
  )
  linear.bias!.assign(tensor([10, 20]))
  return linear
}

describe('Linear', () => {
  it('is x Wᵀ + b, over any leading dimensions', async () => {
    expect(
      await layer()
        .forward(tensor([1, 1, 1]))
        .toArray(),
    ).toEqual([16, 20])
    expect(
      await layer()
        .forward(
          tensor([
            [1, 0, 0],
            [0, 0, 2],
          ]),
        )
        .toArray(),
    ).toEqual([
      [11, 19],
      [16, 22],
    ])
    expect(layer().forward(zeros([5, 4, 3])).shape).toEqual([5, 4, 2])
  })

  it('has no bias where none is wanted', () => {
    const linear = new Linear(3, 2, { bias: false })
    expect(linear.bias).toBe(null)
    expect(Object.keys(linear.stateDict())).toEqual(['weight'])
  })

  it('computes in float64 where asked', () => {
    expect(new Linear(3, 2, { dtype: 'float64' }).forward(zeros([1, 3], { dtype: 'float64' })).dtype).toBe('float64')
  })

  it('says what it expected', () => {
    expect(() => layer().forward(zeros([7, 4]))).toThrow('Linear.weight expects 3 input features, got [7, 4]')
    expect(() => layer().forward(zeros([]))).toThrow('Linear.weight expects 3 input features, got []')
  })
})
