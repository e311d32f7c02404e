import { DTypeError, ShapeError } from '@tenon/kernel'
import { describe, expect, test } from 'vitest'
import type { Tensor } from '../tensor.ts'
import { arange, ones, tensor, zeros } from './create.ts'
import { cumsum } from './cumulative.ts'
import { scatter } from './scatter.ts'
import { argsort, sort, topk } from './sort.ts'

const int = (values: readonly number[], shape: readonly number[] = [values.length]): Tensor => tensor(Int32Array.from(values), shape)

describe('an index that is known and lies outside is refused, by op, index and size', () => {
  const x = zeros([2, 3])
  const cases: [string, () => unknown][] = [
    ['gather: index 3 is out of range for dimension 1 of size 3', () => x.gather(1, int([0, 3], [2, 1]))],
    ['scatterAdd: index -1 is out of range for dimension 0 of size 2', () => x.scatterAdd(0, int([-1], [1, 1]), ones([1, 1]))],
    ['scatter: index 5 is out of range for dimension -1 of size 3', () => scatter(x, -1, int([5], [1, 1]), 1)],
    ['indexSelect: index 2 is out of range for dimension 0 of size 2', () => x.indexSelect(0, int([1, 2]))],
  ]
  test.each(cases)('%s', (message, call) => {
    expect(call).toThrow(new ShapeError(message))
  })

  test('one that is computed writes nothing there, and reads 0', async () => {
    const index = arange(4).sub(1) // −1, 0, 1, 2
    expect(await scatter(zeros([2]), 0, index, 5).data()).toEqual(Float32Array.of(5, 5))
    expect(await ones([2]).gather(0, index).data()).toEqual(Float32Array.of(0, 1, 1, 0))
  })
})

test('scatter wants a src of the same dtype with an element for each of the index, and an int32 index', () => {
  const index = int([0, 1])
  expect(() => scatter(zeros([3]), 0, index, ones([1]))).toThrow(ShapeError)
  expect(() => scatter(zeros([3]), 0, index, ones([2, 2]))).toThrow(ShapeError)
  expect(() => scatter(zeros([3]), 0, index, int([1, 2]))).toThrow(DTypeError)
  expect(() => scatter(zeros([3]), 0, ones([2]), 1)).toThrow(DTypeError)
})

test('topk and the cumulative ops say what they got and what they wanted', () => {
  expect(() => topk(zeros([2, 3]), 4)).toThrow('topk: k must be a whole number from 0 to 3, the size of dimension -1, got 4')
  expect(() => topk(zeros([2, 3]), 1.5)).toThrow(ShapeError)
  expect(() => topk(zeros([2, 3]), 1, 2)).toThrow('topk: dimension 2 is out of range')
  expect(() => cumsum(zeros([2]), 1)).toThrow('cumsum: dimension 1 is out of range')
})

test('a long line is in order, and its positions are those of the values', async () => {
  const n = 5000
  const x = tensor(Float32Array.from({ length: n }, (_, i) => (i * 37) % 5003))
  const { values, indices } = sort(x)
  const [sorted, from, original] = [await values.data(), await indices.data(), await x.data()]
  expect(sorted).toEqual(original.slice().sort())
  expect([...from].map((i) => original[i])).toEqual([...sorted])
  const order = argsort(x, 0, { descending: true })
  expect([...(await order.data())]).toEqual([...from].reverse()) // there are no equals
  expect(await topk(x, 7).indices.data()).toEqual(await order.slice(0, 0, 7).data())
})
