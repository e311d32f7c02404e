import { arange, tensor, zeros } from '@tenon/tensor'
import { describe, expect, it } from 'vitest'
import { Conv2d, type Conv2dOptions } from './index.ts'

type Options = Required<Pick<Conv2dOptions, 'groups'>> & {
  stride: [number, number]
  padding: [number, number]
  dilation: [number, number]
}

/** Convolution by its definition, over nested loops. */
function reference(x: number[][][][], w: number[][][][], b: number[], { stride, padding, dilation, groups }: Options): number[][][][] {
  const [height, width] = [x[0]![0]!.length, x[0]![0]![0]!.length]
  const [kh, kw] = [w[0]![0]!.length, w[0]![0]![0]!.length]
  const size = (input: number, kernel: number, d: 0 | 1): number =>
    Math.floor((input + 2 * padding[d] - dilation[d] * (kernel - 1) - 1) / stride[d]) + 1
  const perGroup = x[0]!.length / groups
  return x.map((image) =>
    w.map((kernel, o) => {
      const first = Math.floor(o / (w.length / groups)) * perGroup
      return Array.from({ length: size(height, kh, 0) }, (_r, i) =>
        Array.from({ length: size(width, kw, 1) }, (_c, j) => {
          let sum = b[o]!
          for (let c = 0; c < perGroup; c++)
            for (let u = 0; u < kh; u++)
              for (let v = 0; v < kw; v++) {
                const pixel =
                  image[first + c]![i * stride[0] + u * dilation[0] - padding[0]]?.[j * stride[1] + v * dilation[1] - padding[1]]
                sum += kernel[c]![u]![v]! * (pixel ?? 0)
              }
          return sum
        }),
      )
    }),
  )
}

describe('Conv2d', () => {
  it.each<[string, Options]>([
    ['plain', { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 }],
    ['strided and padded', { stride: [2, 1], padding: [1, 2], dilation: [1, 1], groups: 1 }],
    ['dilated', { stride: [1, 1], padding: [2, 0], dilation: [2, 1], groups: 1 }],
    ['grouped', { stride: [1, 2], padding: [1, 1], dilation: [1, 1], groups: 2 }],
  ])('%s is the sum that defines it', async (_name, options) => {
    const conv = new Conv2d(4, 6, [3, 2], { ...options, dtype: 'float64' })
    const x = arange(2 * 4 * 7 * 6)
      .cast('float64')
      .mul(0.7)
      .remainder(5)
      .reshape([2, 4, 7, 6])
    const [input, weight, bias] = await Promise.all([x.toArray(), conv.weight.toArray(), conv.bias!.toArray()])
    const expected = reference(input as number[][][][], weight as number[][][][], bias as number[], options)
    const y = conv.forward(x)
    expect(y.shape).toEqual([2, 6, expected[0]![0]!.length, expected[0]![0]![0]!.length])
    expect([...(await y.data())]).toEqual(expected.flat(3).map((value) => expect.closeTo(value, 10)))
  })

  it('takes one image without a batch', () => {
    expect(new Conv2d(1, 2, 3).forward(zeros([1, 5, 5])).shape).toEqual([2, 3, 3])
  })

  it("keeps the size with padding 'same', of even kernels too", () => {
    expect(new Conv2d(1, 2, [3, 4], { padding: 'same' }).forward(zeros([2, 1, 5, 6])).shape).toEqual([2, 2, 5, 6])
  })

  it('holds a weight [out, in / groups, height, width]', () => {
    const conv = new Conv2d(4, 6, [3, 2], { groups: 2, bias: false })
    expect(conv.weight.shape).toEqual([6, 2, 3, 2])
    expect(conv.bias).toBe(null)
  })

  it('says what is wrong', () => {
    expect(() => new Conv2d(3, 8, 3).forward(zeros([2, 1, 8, 8]))).toThrow('Conv2d.weight expects 3 input channels, got [2, 1, 8, 8]')
    expect(() => new Conv2d(3, 8, 3).forward(zeros([3]))).toThrow('Conv2d.weight expects 3 input channels, got [3]')
    expect(() => new Conv2d(3, 8, 9).forward(zeros([2, 3, 8, 8]))).toThrow('a kernel spanning 9 does not fit the padded size 8')
    expect(() => new Conv2d(3, 8, 3, { groups: 2 })).toThrow('groups must divide the 3 input and the 8 output channels, got 2')
    expect(() => new Conv2d(3, 8, 0)).toThrow('kernelSize is a whole number ≥ 1')
    expect(() => new Conv2d(3, 8, 3, { stride: [1, 2, 3] })).toThrow('[height, width], got [1,2,3]')
    expect(() => new Conv2d(3, 8, 3).forward(tensor(new Int32Array(192), [1, 3, 8, 8]))).toThrow('dtypes int32 and float32 differ')
  })
})
