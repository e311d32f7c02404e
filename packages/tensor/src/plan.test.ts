import { cpu } from '@tenon/backend-cpu'
import { kernelsOf, type LoopKernel, printProgram } from '@tenon/kernel'
import { expect, test } from 'vitest'
import { nodeKey, snapshot } from './graph.ts'
import {
  arange,
  argsort,
  concat,
  conv2d,
  cumsum,
  exp,
  full,
  logSoftmax,
  maxPool2d,
  primitive,
  randn,
  relu,
  rsqrt,
  softmax,
  Tensor,
  tanh,
  tensor,
  Variable,
  zeros,
} from './index.ts'
import { hostNode } from './node.ts'
import { type Plan, plan } from './plan.ts'
import { sizeOf } from './shape.ts'

const host = (...shape: number[]): Tensor => new Tensor(hostNode(new Float32Array(sizeOf(shape)), shape, 'float32'))

function planOf(...outputs: Tensor[]): Plan {
  const graph = snapshot(outputs.map((t) => t.node))
  return plan(
    graph.items,
    outputs.map((t) => ({ position: graph.position(t.node), over: null })),
    cpu().capabilities,
    () => false,
  )
}
const kernels = (...outputs: Tensor[]): string[] =>
  planOf(...outputs).program.steps.map((s) => (s.kind === 'run' ? s.kernel.kind : 'repeat'))

test('a chain of elementwise work is one kernel', () => {
  expect(kernels(exp(host(8, 4).mul(2).add(host(4)).neg()))).toEqual(['loop'])
})

test('a softmax is one kernel, and its row reductions are stages of it', () => {
  expect(kernels(softmax(host(8, 16), 1))).toEqual(['loop'])
  expect(kernels(logSoftmax(host(8, 16), -1).mul(2))).toEqual(['loop'])
})

test('a layer norm is one kernel', () => {
  const x = host(8, 16)
  const centred = x.sub(x.mean(1, { keepdim: true }))
  expect(kernels(centred.mul(rsqrt(x.var(1, { keepdim: true }).add(1e-5))).mul(host(16)))).toEqual(['loop'])
})

test('a matmul takes its bias and activation along, where the activation branches too', () => {
  expect(kernels(relu(host(8, 16).matmul(host(4, 16).transpose(0, 1)).add(host(4))))).toEqual(['contraction'])
})

test('a matmul takes a long chain along in pieces', () => {
  let y = host(8, 16).matmul(host(16, 4))
  for (let i = 0; i < 300; i++) y = y.mul(2)
  expect(kernels(y)).toEqual(['contraction', 'loop'])
  // Chains that meet the product's: where one was cut inside an epilogue, nothing computed the product.
  let beside = host(8, 4)
  for (let i = 0; i < 250; i++) beside = beside.mul(2)
  let z = host(8, 16).matmul(host(16, 4))
  for (let i = 0; i < 20; i++) z = z.mul(beside)
  expect(kernels(z)).toEqual(['loop', 'contraction'])
})

test('a convolution takes its bias along through the reshapes around it; pooling is a second kernel', () => {
  expect(kernels(maxPool2d(relu(conv2d(host(2, 3, 8, 8), host(4, 3, 3, 3), host(4), { padding: 1 })), 2))).toEqual(['convolution', 'loop'])
})

test('what a matmul reads through a view is not copied; what it reads through arithmetic is computed first', () => {
  expect(kernels(host(3, 4).permute([1, 0]).matmul(host(3, 5)))).toEqual(['contraction'])
  expect(kernels(host(4, 3).add(1).matmul(host(3, 5)))).toEqual(['loop', 'contraction'])
})

test('a kernel of another kind than a loop computes its elementwise inputs, and reductions lie in memory before', async () => {
  expect(kernels(cumsum(host(8, 16).mul(2).transpose(0, 1), 0))).toEqual(['prefixScan'])
  expect(kernels(argsort(host(8, 16).neg()))).toEqual(['sort'])
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2])
  const eye = tensor([1, 0, 0, 1], [2, 2])
  const sums = x.sum(2) // [[3, 7], [11, 15]]
  expect(await eye.matmul(eye).add(sums).data()).toEqual(Float32Array.of(4, 7, 11, 16))
  expect(
    await zeros([2, 2])
      .scatterAdd(0, tensor(Int32Array.of(1, 1, 1, 0), [2, 2]), sums)
      .data(),
  ).toEqual(Float32Array.of(0, 15, 14, 7))
  expect(await cumsum(sums, 0).data()).toEqual(Float32Array.of(3, 7, 14, 22))
})

test('the gradient of max pooling stands on the grid of the pool, though it is written as an image', () => {
  const x = host(2, 3, 8, 8)
  const windows = x.reshape([2, 3, 4, 2, 4, 2]).permute([0, 1, 2, 4, 3, 5]).reshape([2, 3, 4, 4, 4])
  const picked = arange(4)
    .eq(windows.argmax(4, { keepdim: true }))
    .cast('float32')
    .mul(host(2, 3, 4, 4).unsqueeze(4))
  const image = picked.reshape([2, 3, 4, 4, 2, 2]).permute([0, 1, 2, 4, 3, 5]).reshape([2, 3, 8, 8])
  expect(kernels(image.mul(2))).toEqual(['loop'])
})

test('updates of several variables over the same elements share a kernel, and are done in place', () => {
  const [p, m] = [host(5), host(5)]
  const next = m.mul(0.9).add(host(5))
  const plan = planOf(next, p.sub(next.mul(0.1)))
  expect(plan.program.steps).toHaveLength(1)
  expect(printProgram(plan.program)).toContain('stored')
})

test('expensive work that two kernels need is computed once, cheap work is repeated', () => {
  const costly = exp(host(8, 16))
  expect(kernels(costly.matmul(host(16, 2)), costly.sum(0))).toHaveLength(3)
  const cheap = host(8, 16).mul(2)
  expect(kernels(cheap.sum(0), cheap.sum(1))).toEqual(['loop', 'loop'])
})

test('a long reduction is a kernel of its own, not a single point inside its consumer', () => {
  const x = host(64, 64)
  expect(kernels(x.sub(x.mean()))).toEqual(['loop', 'loop'])
})

/** How many stores the only kernel of these outputs has. */
function storesOf(...outputs: Tensor[]): number {
  const kernels = kernelsOf(planOf(...outputs).program)
  expect(kernels.map(({ kind }) => kind)).toEqual(['loop'])
  return (kernels[0] as LoopKernel).stages.filter(({ kind }) => kind === 'store').length
}

test('what several values share is not stored where one kernel computes them all', () => {
  const shared = exp(exp(host(8, 4)).add(1))
  const outputs = [shared.mul(2), shared.add(host(8, 4)), tanh(shared)]
  expect(storesOf(...outputs)).toBe(3)
  expect(storesOf(shared, ...outputs)).toBe(4)
})

test('a kernel within the limits takes in others whose values only it needs, however many these are', () => {
  const values = Array.from({ length: 20 }, () => exp(host(8, 4)))
  const sum = values.reduce((a, b) => a.add(b))
  const product = values.reduce((a, b) => a.mul(b))
  expect(storesOf(sum, product)).toBe(2)
})

test('equal blocks that fill a value are stored one by one, from one loop over a block', async () => {
  const [a, b] = [tensor([1, 2, 3, 4]), tensor([5, 6, 7, 8])]
  const [rows, others] = [a.reshape([2, 2]), b.reshape([2, 2])]
  const tile = (x: Tensor, i: number, j: number): Tensor => {
    const around = (k: number) => [2 * k, 2 - 2 * k] as const
    return x.pad([around(i), around(j)])
  }
  const filled: [Tensor, number, number[]][] = [
    [concat([a, b, a]), 3, [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4]],
    [concat([rows, others], 1), 2, [1, 2, 5, 6, 3, 4, 7, 8]],
    [a.pad([[4, 0]]).add(b.pad([[0, 4]])), 2, [5, 6, 7, 8, 1, 2, 3, 4]],
    [
      tile(rows, 1, 1)
        .add(tile(others, 0, 1))
        .add(tile(rows, 0, 0).add(tile(others, 1, 0))),
      4,
      [1, 2, 5, 6, 3, 4, 7, 8, 5, 6, 1, 2, 7, 8, 3, 4],
    ],
  ]
  for (const [value, stores, expected] of filled) {
    expect(storesOf(value)).toBe(stores)
    expect([...(await value.data())]).toEqual(expected)
  }
})

test('blocks that leave a gap, overlap, or differ in size are added in one store', async () => {
  const x = tensor([1, 2, 3, 4])
  const sums: [Tensor, number[]][] = [
    [x.pad([[0, 8]]).add(x.pad([[8, 0]])), [1, 2, 3, 4, 0, 0, 0, 0, 1, 2, 3, 4]],
    [x.pad([[0, 4]]).add(x.pad([[0, 4]])), [2, 4, 6, 8, 0, 0, 0, 0]],
    [
      x
        .pad([[0, 4]])
        .add(x.pad([[4, 0]]))
        .add(x.pad([[0, 4]])),
      [2, 4, 6, 8, 1, 2, 3, 4],
    ],
    [x.pad([[2, 2]]).add(x.pad([[0, 4]])), [1, 2, 4, 6, 3, 4, 0, 0]],
    [x.pad([[0, 2]]).add(x.slice(0, 0, 2).pad([[4, 0]])), [1, 2, 3, 4, 1, 2]],
    [primitive('pad', [x], { padding: [[-1, 4]] }).add(x.slice(0, 0, 3).pad([[3, 1]])), [2, 3, 4, 1, 2, 3, 0]],
    [
      x
        .pad([[0, 4]])
        .add(x.pad([[4, 0]]))
        .add(1),
      [2, 3, 4, 5, 2, 3, 4, 5],
    ],
  ]
  for (const [sum, expected] of sums) {
    expect(storesOf(sum)).toBe(1)
    expect([...(await sum.data())]).toEqual(expected)
  }
  let doubled = x.pad([[0, 4]])
  for (let i = 0; i < 40; i++) doubled = doubled.add(doubled) // 2⁴⁰ ways down
  expect([...(await doubled.data())]).toEqual([1, 2, 3, 4, 0, 0, 0, 0].map((n) => n * 2 ** 40))
})

test('temporaries that are not needed at the same time share memory', () => {
  let x = host(32, 32)
  for (let i = 0; i < 8; i++) x = x.matmul(host(32, 32))
  expect(planOf(x).program.arenaBytes).toBe(2 * 32 * 32 * 4)
})

test('a number other than 0 and ±1 is no part of a plan', () => {
  const key = (lr: number): string =>
    snapshot([host(4).mul(lr).node])
      .nodes.map(nodeKey)
      .join()
  expect(key(0.1)).toBe(key(0.2))
  expect(key(0.1)).not.toBe(key(1))
})

test('a chain too long for one kernel is cut, and deep graphs do not overflow the stack', () => {
  let x: Tensor = host(4)
  for (let i = 0; i < 5000; i++) x = x.add(host(4))
  const plan = planOf(x)
  expect(plan.program.steps.length).toBeGreaterThan(5)
  expect(plan.program.steps.length).toBeLessThan(200)
})

test('an assign that reads other elements than it writes takes new memory', () => {
  const v = new Variable(tensor([1, 2, 3]))
  v.assign(v.add(v.flip(0).mul(10)))
  expect([...v.dataSync()]).toEqual([31, 22, 13])
  v.assign(v.slice(0, 1).pad([[0, 1]]))
  expect([...v.dataSync()]).toEqual([22, 13, 0])
})

test('two variables can swap their values', () => {
  const a = new Variable(full([2], 1))
  const b = new Variable(full([2], 2))
  zeros([1]).dataSync()
  const before = a.add(0)
  a.assign(b)
  b.assign(before)
  expect([[...a.dataSync()], [...b.dataSync()]]).toEqual([
    [2, 2],
    [1, 1],
  ])
})

test('costly work inside the epilogue of a matmul stays in it', () => {
  const a = tensor([1, 2, 3, 4], [2, 2])
  const costly = (): Tensor => randn([2, 2]).mul(0) // more than a kernel takes twice
  const product = a.matmul(a)
  const inner = product.mul(costly().add(1)).add(costly()).add(costly())
  expect(inner.mul(inner).add(inner.neg()).add(product).toArraySync()).toEqual([
    [49, 100],
    [225, 484],
  ])
})

test('a scatter and the end of a matmul read reductions from memory, through views that split an axis too', async () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [4, 2])
  const places = tensor(Int32Array.of(3, 2, 1, 0))
  expect([...(await zeros([4]).scatterAdd(0, places, x.sum(1)).data())]).toEqual([15, 11, 7, 3])
  expect([
    ...(await x
      .sum(1)
      .scatterAdd(0, x.argmax(1), zeros([4]))
      .data()),
  ]).toEqual([3, 7, 11, 15])
  const split = x.reshape([2, 2, 2]).sum(2).reshape([4])
  expect([...(await zeros([4]).scatterAdd(0, places, split).data())]).toEqual([15, 11, 7, 3])
  const eye = tensor([1, 0, 0, 1], [2, 2])
  expect([
    ...(await eye
      .matmul(eye)
      .add(x.reshape([2, 2, 2]).sum(2))
      .data()),
  ]).toEqual([4, 7, 11, 16])
})
