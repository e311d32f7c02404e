import { arange, ones, tensor, Variable } from '@tenon/tensor'
import { expect, it } from 'vitest'
import { decode, fromTensors, toTensors } from './index.ts'

it('tensors come back with their dtypes, shapes and numbers', async () => {
  const saved = {
    scalar: tensor(3),
    pending: arange(6).reshape([2, 3]).mul(2),
    empty: ones([0, 4]),
    mask: tensor([true, false]),
    wide: tensor(Float64Array.of(0.1), [1]),
    steps: tensor(Int32Array.of(-5), []),
    state: new Variable(tensor(Uint32Array.of(7, 2 ** 32 - 1))),
  }
  const { tensors, metadata } = toTensors(await fromTensors(saved, { epoch: '3' }))
  expect(metadata).toEqual({ epoch: '3' })
  expect(Object.keys(tensors).sort()).toEqual(Object.keys(saved).sort())
  for (const [name, expected] of Object.entries(saved)) {
    const found = tensors[name]!
    expect([name, found.dtype, found.shape]).toEqual([name, expected.dtype, expected.shape])
    expect(await found.data()).toEqual(await expected.data())
  }
})

it('a Variable is saved as it is at the call, assigns included', async () => {
  const weight = new Variable(tensor([1, 2]))
  weight.assign(weight.mul(10))
  const bytes = fromTensors({ weight })
  weight.assign(0)
  expect(decode(await bytes).tensors.weight?.data).toEqual(Float32Array.of(10, 20))
})

it('tensors own their numbers: the file may be changed afterwards', async () => {
  const bytes = await fromTensors({ a: tensor([1, 2]) })
  const { tensors } = toTensors(bytes)
  bytes.fill(0)
  expect(await tensors.a?.data()).toEqual(Float32Array.of(1, 2))
})
