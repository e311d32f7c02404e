/** What no list of cases holds: products, convolutions, reductions and chains over shapes nobody chose, skinny and odd ones included. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import type { Backend } from '@tenon/kernel'
import { argsort, conv2d, convTranspose2d, exp, gelu, logSoftmax, softmax, type Tensor, tanh, tensor, useBackend } from '@tenon/tensor'
import { difference } from '@tenon/testing'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'

const reference = cpu()
const tested = [1, 2, 3].map((threads) => wasm({ threads }))

afterAll(async () => {
  await useBackend(reference)
  for (const backend of tested) backend.dispose()
})

/** In (0, 2): sums do not cancel, so that their relative error is the order of adding alone. */
const numbers = (shape: readonly number[], salt: number): Tensor => {
  const length = shape.reduce((a, b) => a * b, 1)
  return tensor(
    Float32Array.from({ length }, (_, i) => 2 * (Math.abs(Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1)),
    shape,
  )
}

const size = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 2000 }))
/** Of so many sizes, with the largest halved until the work, which grows with their product, can be done in a moment. */
const sizes = (count: number, most: number): fc.Arbitrary<number[]> =>
  fc.array(size, { minLength: count, maxLength: count }).map((drawn) => {
    const result = [...drawn]
    while (result.reduce((a, b) => a * b, 1) > most) {
      const largest = result.indexOf(Math.max(...result))
      result[largest] = Math.ceil(result[largest]! / 2)
    }
    return result
  })

async function expectSame(compute: () => Tensor): Promise<void> {
  const on = async (backend: Backend) => {
    await useBackend(backend)
    return compute().data()
  }
  const expected = await on(reference)
  for (const backend of tested) {
    const [actual, again] = [await on(backend), await on(backend)]
    expect(difference(actual, expected, { rtol: expected instanceof Float32Array ? 2e-5 : 0 })).toBeNull()
    expect(difference(again, actual, { rtol: 0 })).toBeNull()
  }
}

const check = <T>(shapes: fc.Arbitrary<T>, compute: (shape: T) => Tensor): Promise<void> =>
  fc.assert(
    fc.asyncProperty(shapes, (shape) => expectSame(() => compute(shape))),
    { seed: 20, numRuns: 50 },
  )

test('matrix products of random shapes, from either side transposed, with an epilogue or none', async () => {
  const shapes = fc.record({ mkn: sizes(3, 1_000_000), flip: fc.tuple(fc.boolean(), fc.boolean()), activates: fc.boolean() })
  await check(shapes, ({ mkn: [m, k, n], flip: [left, right], activates }) => {
    const a = left ? numbers([k!, m!], 1).transpose(0, 1) : numbers([m!, k!], 1)
    const b = right ? numbers([n!, k!], 2).transpose(0, 1) : numbers([k!, n!], 2)
    return activates
      ? gelu(
          a
            .matmul(b)
            .div(k!)
            .add(numbers([n!], 3)),
        )
      : a.matmul(b)
  })
})

test('products of a batch, of several blocks of rows and of columns, whose blocks share what is packed', async () => {
  for (const k of [24, 300]) await expectSame(() => numbers([2, 530, k], 1).matmul(numbers([2, 300, k], 2).transpose(1, 2)))
})

test('convolutions of random shapes', async () => {
  const shapes = fc.record({
    extents: sizes(5, 30_000),
    kernel: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 })),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.integer({ min: 0, max: 2 }),
  })
  await check(shapes, ({ extents: [batch, channels, out, height, width], kernel: [kh, kw], stride, padding }) =>
    conv2d(numbers([batch!, channels!, height! + kh, width! + kw], 1), numbers([out!, channels!, kh, kw], 2), null, { stride, padding }),
  )
})

test('transposed convolutions of random shapes', async () => {
  const upTo = (max: number) => fc.tuple(fc.integer({ min: 1, max }), fc.integer({ min: 1, max }))
  const shapes = fc.record({
    extents: sizes(5, 10_000),
    kernel: upTo(5),
    stride: upTo(4),
    dilation: upTo(3),
    padding: fc.integer({ min: 0, max: 2 }),
  })
  await check(shapes, ({ extents: [batch, channels, out, height, width], kernel: [kh, kw], padding, ...options }) =>
    convTranspose2d(numbers([batch!, channels!, height! + 4, width! + 4], 1), numbers([channels!, out!, kh, kw], 2), null, {
      ...options,
      padding: Math.min(padding, kh - 1, kw - 1),
    }),
  )
})

test('reductions of random shapes over either axis', async () => {
  const reductions = {
    sum: (x, axis) => x.sum(axis),
    mean: (x, axis) => x.mean(axis),
    max: (x, axis) => x.max(axis),
    argmin: (x, axis) => x.argmin(axis),
    softmax: (x, axis) => softmax(x, axis),
    logSoftmax: (x, axis) => logSoftmax(x, axis),
  } satisfies Record<string, (x: Tensor, axis: number) => Tensor>
  const names = fc.constantFrom(...(Object.keys(reductions) as (keyof typeof reductions)[]))
  const shapes = fc.record({ shape: sizes(3, 50_000), axis: fc.integer({ min: 0, max: 2 }), name: names })
  await check(shapes, ({ shape, axis, name }) => reductions[name](numbers(shape, 1), axis))
})

test('chains over random shapes, permuted and broadcast', async () => {
  const orders = fc.constantFrom([0, 1, 2], [1, 0, 2], [2, 1, 0], [1, 2, 0])
  const chains = {
    broadcast: (x, order) =>
      x
        .mul(numbers([x.shape[2]!], 2))
        .add(1)
        .permute(order),
    gelu: (x, order) => gelu(x.permute(order), { approximate: 'tanh' }),
    rolled: (x, order) => exp(tanh(x.flip(1).permute(order).sub(0.5)).mul(2)),
  } satisfies Record<string, (x: Tensor, order: readonly number[]) => Tensor>
  const names = fc.constantFrom(...(Object.keys(chains) as (keyof typeof chains)[]))
  await check(fc.record({ shape: sizes(3, 20_000), order: orders, name: names }), ({ shape, order, name }) =>
    chains[name](numbers(shape, 1), order),
  )
})

test('the order of random lines, with equals, zeros of both signs, infinities and NaN, in every dtype', async () => {
  const dtypes = fc.constantFrom('float32', 'int32', 'uint32', 'bool')
  const specials = [NaN, -0, 0, Infinity, -Infinity]
  const shapes = fc.record({ shape: sizes(3, 5000), axis: fc.integer({ min: 0, max: 2 }), dtype: dtypes, descending: fc.boolean() })
  await check(shapes, ({ shape, axis, dtype, descending }) => {
    const length = shape.reduce((a, b) => a * b, 1)
    // Of three, one is special, one is one of few, and one has bits in all places.
    const value = (i: number): number =>
      i % 3 === 0 ? specials[i % specials.length]! : i % 3 === 1 ? (i * 7919) % 23 : ((i * 2654435761) % 2 ** 32) - 2 ** 31
    const x = Float32Array.from({ length }, (_, i) => value(i))
    const numbers =
      dtype === 'float32'
        ? tensor(x, shape)
        : tensor(
            Int32Array.from(x, (v) => (v === v ? v : 0)),
            shape,
          ).cast(dtype)
    return argsort(numbers, axis, { descending })
  })
})
