/** A state dict knows where its variables lie. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { Linear } from '@tenon/nn'
import { SGD } from '@tenon/optim'
import { currentBackend, useBackend } from '@tenon/tensor'
import { expect, test } from 'vitest'

test('values of another backend are refused before anything is loaded, and move with to()', async () => {
  await useBackend(cpu())
  const source = new Linear(1, 2)
  const { state, groups } = new SGD(source.namedParameters(), { momentum: 0.9 }).stateDict()
  await useBackend(wasm())
  const model = new Linear(1, 2)
  const optimizer = new SGD(model.namedParameters(), { momentum: 0.9 })
  const before = await model.weight.data()

  expect(() => model.loadStateDict(source.stateDict())).toThrow('weight lies on wasm, the value on cpu; use x.to(backend)')
  expect(() => optimizer.loadStateDict({ state, groups })).toThrow(
    'weight.momentumBuffer lies on wasm, the value on cpu; use x.to(backend)',
  )
  expect(await model.weight.data()).toEqual(before)

  const moved = Object.entries(source.stateDict()).map(([name, value]) => [name, value.to(currentBackend())] as const)
  model.loadStateDict(Object.fromEntries(moved))
  expect(await model.weight.data()).toEqual(await source.weight.data())
})
