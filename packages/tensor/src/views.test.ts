import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tensor } from './ops/create.ts'
import { type Shape, sizeOf, stridesOf } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** The same tensor twice: as a graph of views, and as plain numbers that each step really moves. */
interface Pair {
  readonly lazy: Tensor
  readonly shape: Shape
  readonly values: readonly number[]
}

function gatherBy(shape: Shape, source: (index: number[]) => number): number[] {
  const strides = stridesOf(shape)
  return Array.from({ length: sizeOf(shape) }, (_, i) => source(shape.map((size, d) => Math.floor(i / strides[d]!) % size)))
}

const at = ({ shape, values }: Pair, index: readonly number[]): number => {
  if (index.some((i, d) => i < 0 || i >= shape[d]!)) return 0
  const strides = stridesOf(shape)
  return values[index.reduce((sum, i, d) => sum + i * strides[d]!, 0)]!
}

const step = (x: Pair, shape: Shape, source: (index: number[]) => number[], lazy: Tensor): Pair => ({
  lazy,
  shape,
  values: gatherBy(shape, (index) => at(x, source(index))),
})

/** One random movement: a number picks which, others its parameters. */
function move(x: Pair, [which, a, b, c]: readonly [number, number, number, number]): Pair {
  const { shape, lazy } = x
  const d = a % Math.max(1, shape.length)
  const size = shape[d] ?? 1
  const swapped = (replace: number): number[] => shape.map((s, i) => (i === d ? replace : s))
  switch (which) {
    case 0: {
      if (shape.length < 2) return x
      const e = b % shape.length
      const order = shape.map((_, i) => i)
      order[d] = e
      order[e] = d
      return step(
        x,
        order.map((o) => shape[o]!),
        (index) => order.map((_, i) => index[order.indexOf(i)]!),
        lazy.permute(order),
      )
    }
    case 1:
      return step(x, shape, (index) => index.map((i, k) => (k === d ? size - 1 - i : i)), shape.length ? lazy.flip(d) : lazy)
    case 2: {
      if (shape.length === 0) return x
      const pads = shape.map((_, i): [number, number] => (i === d ? [b % 3, c % 3] : [0, 0]))
      return step(
        x,
        shape.map((s, i) => s + pads[i]![0] + pads[i]![1]),
        (index) => index.map((i, k) => i - pads[k]![0]),
        lazy.pad(pads),
      )
    }
    case 3: {
      if (shape.length === 0) return x
      const start = b % (size + 1)
      const stride = 1 + (c % 3)
      return step(
        x,
        swapped(Math.ceil((size - start) / stride)),
        (index) => index.map((i, k) => (k === d ? start + i * stride : i)),
        lazy.slice(d, start, size, stride),
      )
    }
    case 4: {
      const factor = [2, 3].find((f) => size % f === 0 && size > 0)
      if (!factor) return { lazy: lazy.unsqueeze(0), shape: [1, ...shape], values: x.values }
      const split = [...shape.slice(0, d), size / factor, factor, ...shape.slice(d + 1)]
      return { lazy: lazy.reshape(split), shape: split, values: x.values }
    }
    case 5: {
      const e = Math.min(shape.length - 1, d + 1)
      if (e <= d) return x
      const merged = [...shape.slice(0, d), shape[d]! * shape[e]!, ...shape.slice(e + 1)]
      return { lazy: lazy.reshape(merged), shape: merged, values: x.values }
    }
    case 6:
      return step(x, [2, ...shape], (index) => index.slice(1), lazy.unsqueeze(0).expand([2, ...shape]))
    default: {
      const window = 1 + (b % 2)
      if (shape.length === 0 || size < window || sizeOf(shape) > 200) return x
      const hop = 1 + (c % 2)
      const count = Math.floor((size - window) / hop) + 1
      return step(
        x,
        [...swapped(count), window],
        (index) => index.slice(0, -1).map((i, k) => (k === d ? i * hop + index.at(-1)! : i)),
        lazy.unfold(d, window, hop),
      )
    }
  }
}

test('any chain of movements gives what moving the numbers one step at a time gives', () => {
  const moves = fc.array(fc.tuple(fc.nat(7), fc.nat(5), fc.nat(5), fc.nat(5)), { maxLength: 7 })
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 })
  fc.assert(
    fc.property(shapes, moves, (shape, list) => {
      const values = Array.from({ length: sizeOf(shape) }, (_, i) => i + 1)
      let x: Pair = { lazy: tensor(Float32Array.from(values), shape), shape, values }
      for (const m of list) if (sizeOf(x.shape) <= 2000) x = move(x, m)
      expect(x.lazy.shape).toEqual(x.shape)
      // The values, a sum along the first dimension, and a use through arithmetic, which inlines the view into another kernel
      expect([...x.lazy.dataSync()]).toEqual(x.values)
      expect([...x.lazy.add(x.lazy).mul(0.5).dataSync()]).toEqual(x.values)
      if (x.shape.length > 0) {
        const sums = gatherBy(x.shape.slice(1), (index) =>
          Array.from({ length: x.shape[0]! }, (_, i) => at(x, [i, ...index])).reduce((s, v) => s + v, 0),
        )
        expect([...x.lazy.sum(0).dataSync()]).toEqual(sums)
      }
    }),
    { numRuns: 300 },
  )
})
