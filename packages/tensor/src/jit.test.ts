import { expect, test } from 'vitest'
import { arange, bernoulli, Generator, invalidateJit, jit, ones, type Tensor, tensor, Variable, zeros } from './index.ts'
import { counters } from './runtime.ts'

test('a jitted function computes what the function computes, for new arguments too', () => {
  const f = jit((x: Tensor, y: { a: Tensor }) => [x.add(y.a), { product: x.mul(y.a) }] as const)
  for (const k of [1, 2, 3]) {
    const [sum, { product }] = f(tensor([1, 2]), { a: tensor([k, k]) })
    expect([...sum.dataSync(), ...product.dataSync()]).toEqual([1 + k, 2 + k, k, 2 * k])
  }
})

test('later calls run the body no more, and plan nothing', () => {
  let calls = 0
  const f = jit((x: Tensor) => {
    calls++
    return x.mul(3).sum()
  })
  f(ones([4]))
  const { plans } = counters
  expect(f(ones([4])).itemSync()).toBe(12)
  expect([calls, counters.plans]).toEqual([1, plans])
})

test('other shapes, dtypes and plain arguments are captured anew', () => {
  let calls = 0
  const f = jit((x: Tensor, scale: number) => {
    calls++
    return x.mul(scale).sum()
  })
  expect(
    [f(ones([4]), 2), f(ones([5]), 2), f(ones([4]), 3), f(ones([4], { dtype: 'int32' }), 2), f(ones([4]), 2)].map((t) => t.itemSync()),
  ).toEqual([8, 10, 12, 8, 8])
  expect(calls).toBe(4)
})

test('assigns run at every call, and reads outside see them', () => {
  const v = new Variable(zeros([2]))
  const f = jit((x: Tensor) => {
    v.assign(v.add(x))
    return v.mul(10)
  })
  expect([...f(ones([2])).dataSync()]).toEqual([10, 10])
  expect([...f(ones([2])).dataSync()]).toEqual([20, 20])
  v.assign(5)
  expect([...f(ones([2])).dataSync(), ...v.dataSync()]).toEqual([60, 60, 6, 6])
})

test('results are fresh: one from an earlier call keeps its value', () => {
  const f = jit((x: Tensor) => x.mul(2))
  const results = [1, 2, 3, 4].map((k) => f(tensor([k])))
  expect(results.map((r) => r.itemSync())).toEqual([2, 4, 6, 8])
})

test('a pending value, a variable and a number without dimensions may be arguments', () => {
  const v = new Variable(tensor([1, 2]))
  const f = jit((x: Tensor, y: Tensor) => x.add(y))
  expect([...f(ones([2]).mul(3), v).dataSync()]).toEqual([4, 5])
  v.assign(7)
  expect([...f(ones([2]).mul(3), v).dataSync()]).toEqual([10, 10])
  expect([...f(v, zeros([])).dataSync()]).toEqual([7, 7])
})

test('random numbers differ from call to call and repeat with the seed', () => {
  const generator = new Generator(3)
  const f = jit(() => bernoulli(0.5, [64], { generator }))
  const draw = (): string[] => [1, 2, 3].map(() => f().dataSync().join(''))
  generator.manualSeed(3)
  const first = draw()
  generator.manualSeed(3)
  expect(draw()).toEqual(first)
  expect(new Set(first).size).toBe(3)
})

test('a variable made inside is initialised once', () => {
  let slot: Variable | null = null
  const f = jit((x: Tensor) => {
    slot ??= new Variable(zeros([1]))
    slot.assign(slot.add(x))
    return slot.add(0)
  })
  expect([1, 1, 1].map(() => f(ones([1])).itemSync())).toEqual([1, 2, 3])
})

test('a gradient that the function leaves is there after every call, and one that it adds to is read anew', () => {
  const v = new Variable(zeros([1]))
  const f = jit((x: Tensor) => {
    v.grad = v.grad ? v.grad.add(x) : x.mul(1)
  })
  f(ones([1]))
  f(ones([1]))
  f(ones([1]))
  expect(v.grad!.itemSync()).toBe(3)
  v.grad = null
  f(ones([1]))
  expect(v.grad!.itemSync()).toBe(1)
})

test('reading inside, escaping and promises are errors that say what to do', () => {
  expect(() => jit((x: Tensor) => x.itemSync())(ones([1]))).toThrow(/read inside a jitted function/)
  let leaked: Tensor | null = null
  jit((x: Tensor) => {
    leaked = x.add(1)
    return x
  })(ones([1]))
  expect(() => leaked!.dataSync()).toThrow(/Return it from the function/)
  expect(() => jit(async (x: Tensor) => x)(ones([1]))).toThrow(/synchronous/)
})

test('a function that throws leaves variables as they were', () => {
  const v = new Variable(tensor([1]))
  expect(() =>
    jit(() => {
      v.assign(9)
      v.add(ones([2, 3, 4])).matmul(ones([7]))
    })(),
  ).toThrow(/matmul/)
  expect(v.itemSync()).toBe(1)
})

test('invalidateJit makes it look again', () => {
  let flag = 1
  const f = jit((x: Tensor) => x.mul(flag))
  expect(f(ones([1])).itemSync()).toBe(1)
  flag = 2
  expect(f(ones([1])).itemSync()).toBe(1)
  invalidateJit()
  expect(f(ones([1])).itemSync()).toBe(2)
})

test('an empty result and no result at all', () => {
  expect(jit((x: Tensor) => x.slice(0, 0, 0))(ones([3])).shape).toEqual([0])
  expect(jit(() => undefined)()).toBeUndefined()
  expect([...jit(() => arange(3))().dataSync()]).toEqual([0, 1, 2])
})

test('a jitted function inside another is part of it', () => {
  const inner = jit((x: Tensor) => x.add(1))
  const outer = jit((x: Tensor) => inner(x).mul(2))
  expect([outer(ones([1])), outer(ones([1]))].map((t) => t.itemSync())).toEqual([4, 4])
})

test('arguments are told apart by names, their order, and whether they are Variables', () => {
  const f = jit((x: { a: Tensor; b?: Tensor; c?: Tensor }) => (x.b ?? x.c ?? x.a).sub(x.a.mul(2)))
  const [one, five] = [tensor([1]), tensor([5])]
  const calls = [
    { a: one, b: five },
    { b: five, a: one },
    { a: one, c: five },
    { a: one },
    { a: one, b: new Variable(five) },
    { a: one, b: one },
  ]
  for (let round = 0; round < 2; round++) expect(calls.map((x) => f(x).itemSync())).toEqual([3, 3, 3, -1, 3, -1])
})
