/** Two copies of @tenon/tensor in one process: each works, and neither takes what the other made. */
import { grad } from '@tenon/autograd'
import { Linear } from '@tenon/nn'
import { Adam, SGD } from '@tenon/optim'
import { jit, realize, type Tensor, tensor, useBackend, Variable } from '@tenon/tensor'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

type Copy = typeof import('@tenon/tensor')

const warnings = vi.spyOn(console, 'warn').mockImplementation(() => {})
let other: Copy
let otherAutograd: typeof import('@tenon/autograd')
beforeAll(async () => {
  vi.resetModules()
  other = await import('@tenon/tensor')
  otherAutograd = await import('@tenon/autograd')
  vi.resetModules()
  await import('@tenon/tensor')
})
afterAll(() => warnings.mockRestore())

const stray = /^A tensor of one copy of @tenon\/tensor was given to another: versions .* `npm ls @tenon\/tensor` shows who brings which/

test('one warning says so, however many copies there are', () => {
  expect(other.Tensor).not.toBe(tensor(0).constructor)
  expect(warnings.mock.calls).toEqual([
    [expect.stringMatching(/^@tenon\/tensor is loaded twice, in versions 0\.\d+\.\d+ and 0\.\d+\.\d+:/)],
  ])
})

test('each computes and differentiates by itself', async () => {
  const x = tensor([1, 2])
  const y = other.tensor([3, 4])
  expect(await x.mul(2).toArray()).toEqual([2, 4])
  expect(await y.mul(2).toArray()).toEqual([6, 8])
  expect(await grad(x.mul(x).sum(), x)[0]!.toArray()).toEqual([2, 4])
  expect(await otherAutograd.grad(y.mul(y).sum(), y)[0]!.toArray()).toEqual([6, 8])
})

describe('a tensor of one is refused by the other', () => {
  const mine = (): Tensor => tensor([1, 2])
  const theirs = (): Tensor => other.tensor([3, 4])
  const variable = (): Variable => new Variable(mine())

  test.each<[string, () => unknown]>([
    ['as an operand', () => mine().add(theirs())],
    ['as the left one', () => theirs().add(mine())],
    ['beside a variable', () => theirs().mul(variable())],
    ['in a composite op', () => other.softmax(mine(), 0)],
    ['in an op of several', () => other.concat([theirs(), mine()])],
    ['as the first value of a variable', () => new Variable(theirs())],
    ['as a value to assign', () => variable().assign(theirs())],
    ['in realize', () => realize(mine(), theirs())],
    ['as a value to keep', () => other.markKept(mine())],
    ['as an argument of a jitted function', () => jit((x: Tensor) => x)(theirs())],
    ['in the graph of a jitted function', () => ((y) => jit((x: Tensor) => x.add(y))(mine()))(theirs())],
    ['as the result of one', () => ((y) => jit(() => y)())(theirs())],
    ['as the input of a layer', () => new Linear(2, 1).forward(theirs())],
    ['by its gradient', () => ((x) => otherAutograd.grad(x.mul(x).sum(), x))(mine())],
    ['by backward', () => otherAutograd.backward(new Linear(2, 1).forward(mine()))],
  ])('%s', (_, attempt) => {
    expect(attempt).toThrow(stray)
  })

  test('when it would move to a backend', async () => {
    const backend = other.currentBackend()
    await expect(other.moveVariables([variable()], backend)).rejects.toThrow(stray)
  })

  test('and what was refused is forgotten: both go on', async () => {
    const [a, b] = [variable(), new other.Variable(theirs())]
    expect(() => a.assign(theirs())).toThrow(stray)
    expect(() => realize(a, b)).toThrow(stray)
    a.assign(a.add(1))
    expect([await a.toArray(), await b.toArray()]).toEqual([
      [2, 3],
      [3, 4],
    ])
  })
})

test('a function that one captures cannot compute with the other, which would be done once and not at each call', () => {
  const counter = new Variable(tensor(0))
  const step = other.jit(() => counter.assign(counter.add(1)))
  expect(step).toThrow(/^A function that one copy of @tenon\/tensor captures, by jit or scan, computes with another: versions/)
})

test.each([SGD, Adam])('an optimizer of one does not train the variables of the other', (Optimizer) => {
  const weight = new other.Variable(other.tensor(1))
  weight.grad = other.tensor(2)
  expect(() => new Optimizer([weight], { lr: 0.1 }).step()).toThrow(stray)
  expect(weight.itemSync()).toBe(1)
})

test('the backend of one computes for the other: it knows no tensors', async () => {
  const { cpu } = await import('@tenon/backend-cpu')
  const backend = cpu()
  await useBackend(backend)
  await other.useBackend(backend)
  expect(await tensor([1]).add(1).toArray()).toEqual([2])
  expect(await other.tensor([5]).add(1).toArray()).toEqual([6])
})
