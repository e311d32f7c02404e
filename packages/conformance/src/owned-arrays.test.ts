/** Arrays that tensors take as they are: nothing writes to them but their owner. */
import { backward } from '@tenon/autograd'
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import { jit, type Tensor, tensor, useBackend, Variable } from '@tenon/tensor'
import { expect, test } from 'vitest'

test.each([
  ['cpu', cpu],
  ['wasm', () => wasm({ threads: 2 })],
  ['gpujs', () => gpujs({ mode: 'cpu' })],
] as const)('a part of an array is read where it lies, and stays as it was: %s', async (_, backend) => {
  const used = await useBackend(backend())
  const all = Float32Array.of(1, 2, 3, 4, 5, 6)
  const x = tensor(all.subarray(2, 6), [2, 2], { copy: false })
  const weight = new Variable(x)
  weight.requiresGrad = true
  const step = jit((x: Tensor) => {
    const loss = weight.mul(x).sum()
    backward(loss)
    weight.assign(weight.sub(weight.grad!))
    weight.grad = null
    return loss
  })
  expect(await step(x).item()).toBe(9 + 16 + 25 + 36)
  expect(await weight.toArray()).toEqual([
    [0, 0],
    [0, 0],
  ])
  ;(await x.data())[0] = 100 // a copy of its own
  expect(await x.add(1).toArray()).toEqual([
    [4, 5],
    [6, 7],
  ])
  expect([...all]).toEqual([1, 2, 3, 4, 5, 6])
  await useBackend(cpu())
  used.dispose()
})

test('what is written to a copied array changes nothing', async () => {
  await useBackend(cpu())
  const values = Float32Array.of(1, 2)
  const [copied, taken] = [tensor(values), tensor(values, [2], { copy: false })]
  values[0] = 5
  expect([await copied.toArray(), await taken.toArray()]).toEqual([
    [1, 2],
    [5, 2],
  ])
})
