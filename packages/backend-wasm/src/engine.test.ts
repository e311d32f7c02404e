import { afterEach, expect, test, vi } from 'vitest'
import { wasm } from './backend.ts'

afterEach(() => {
  vi.unstubAllGlobals()
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
