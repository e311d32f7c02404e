import { arange, type Tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { AvgPool2d, MaxPool2d } from './index.ts'

// 0 … 15 in four rows
const square = (): Tensor => arange(16).cast('float32').reshape([1, 1, 4, 4])

describe('MaxPool2d', () => {
  it('takes the greatest of each window, which are disjoint by default', async () => {
    expect(await new MaxPool2d(2).forward(square()).toArray()).toEqual([
      [
        [
          [5, 7],
          [13, 15],
        ],
      ],
    ])
    expect(await new MaxPool2d([2, 4]).forward(square()).toArray()).toEqual([[[[7], [15]]]])
  })

  it('overlaps with a stride, and pads with −∞', async () => {
    expect(await new MaxPool2d(3, { stride: 1 }).forward(square()).toArray()).toEqual([
      [
        [
          [10, 11],
          [14, 15],
        ],
      ],
    ])
    expect(await new MaxPool2d(3, { stride: 2, padding: 1 }).forward(square().sub(100)).toArray()).toEqual([
      [
        [
          [-95, -93],
          [-87, -85],
        ],
      ],
    ])
    expect(await new MaxPool2d(2, { stride: 1, dilation: 2 }).forward(square()).toArray()).toEqual([
      [
        [
          [10, 11],
          [14, 15],
        ],
      ],
    ])
  })

  it('leaves out what fills no window', () => {
    expect(new MaxPool2d(2).forward(zeros([2, 3, 5, 7])).shape).toEqual([2, 3, 2, 3])
  })

  it('refuses sizes that are none, and padding wider than half a window', () => {
    expect(() => new MaxPool2d(1.5)).toThrow('MaxPool2d: kernelSize is a whole number ≥ 1')
    expect(() => new MaxPool2d(2, { padding: 2 }).forward(square())).toThrow('at most half the kernel')
  })
})

describe('AvgPool2d', () => {
  it('takes the mean of each window', async () => {
    expect(await new AvgPool2d(2).forward(square()).toArray()).toEqual([
      [
        [
          [2.5, 4.5],
          [10.5, 12.5],
        ],
      ],
    ])
  })

  it('counts the padding as zeros, or not at all', async () => {
    const corner = async (pool: AvgPool2d): Promise<number> => (await pool.forward(square().add(4)).data())[0]!
    // the corner's window holds 4, 5, 8 and 9
    expect(await corner(new AvgPool2d(3, { stride: 2, padding: 1 }))).toBeCloseTo(26 / 9, 5)
    expect(await corner(new AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }))).toBeCloseTo(26 / 4, 5)
  })
})
