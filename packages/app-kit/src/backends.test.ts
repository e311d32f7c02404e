import { currentBackend, useBackend } from '@tenon/tensor'
import { afterEach, expect, it } from 'vitest'
import { backendNames, chooseBackend, describeBackend, listBackends } from './backends.ts'

const before = currentBackend()
afterEach(() => useBackend(before))

it('every backend is listed: with what it can do, or why it does not run here', async () => {
  const text = await listBackends()
  expect(text).toMatch(/^ {2}cpu +– +– +1 +at most 2,147,483,647 +float32, float64, int32, uint32, bool$/m)
  expect(text).toMatch(/^ {2}wasm +– +128 bits/m)
  expect(text).toMatch(/^ {2}gpujs:cpu +cpu +– +1 +at most 8,388,608 +float32, int32, uint32, bool$/m)
  expect(text).toMatch(/^ {2}gpujs:webgl2 +gpujs: mode 'webgl2' does not run here: it needs a browser with WebGL 2/m)
  const first = new Set(text.match(/^ {2}[a-z0-9:]+/gm)!.map((name) => name.trim()))
  expect([...first].filter((name) => name !== 'name').sort()).toEqual([...backendNames].sort())
  expect(text).not.toMatch(/ $/m)
})

it.each(['cpu', 'gpujs:cpu', 'gpujs:webasm'] as const)('%s is chosen by its name', async (name) => {
  await chooseBackend(name)
  const [backend, mode] = name.split(':')
  expect(currentBackend().name).toBe(backend)
  expect(describeBackend()).toBe(mode ? `${backend}: mode ${mode}` : 'cpu: threads 1')
})

it('one that does not run says so and changes nothing', async () => {
  await expect(chooseBackend('gpujs:headlessgl')).rejects.toThrow(/^gpujs: mode 'headlessgl' does not run here: [^\n]+$/)
  expect(currentBackend()).toBe(before)
})
