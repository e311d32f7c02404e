import { BackendError } from '@tenon/kernel'
import { afterEach, expect, test, vi } from 'vitest'
import { wasm } from './backend.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test.each([
  ['no WebAssembly', undefined],
  ['WebAssembly without SIMD', { validate: () => false }],
])('an engine with %s is refused with what it needs', (_, found) => {
  vi.stubGlobal('WebAssembly', found)
  expect(() => wasm()).toThrow(
    'wasm: this engine has no WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89 and Safari 16.4 do). backend-cpu',
  )
})

test('an engine that has no room for another memory is refused with what to do', () => {
  class Memory {
    constructor() {
      throw new RangeError('WebAssembly.Memory(): could not allocate memory')
    }
  }
  vi.spyOn(WebAssembly, 'Memory').mockImplementation(Memory as never)
  expect(() => wasm()).toThrow(
    new BackendError(
      'wasm: the engine has no room for another memory (WebAssembly.Memory(): could not allocate memory). Each backend has one: use one for all, or dispose of what is not needed and drop it',
    ),
  )
})
