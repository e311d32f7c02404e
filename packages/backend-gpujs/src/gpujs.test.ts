import { type BufferParam, ExprPool, type LoopKernel, programOf } from '@tenon/kernel'
import { describe, expect, test } from 'vitest'
import { gpujs } from './gpujs.ts'

const f32 = (length: number): BufferParam => ({ dtype: 'float32', length })

/** out = x · 2 */
function double(length: number): LoopKernel {
  const p = new ExprPool()
  const i = p.index(0, length)
  const value = p.mul(p.load('float32', 1, i), p.literal('float32', 2))
  return {
    kind: 'loop',
    buffers: [f32(length), f32(length)],
    scalars: [],
    grid: [length],
    stages: [{ kind: 'store', extents: [], buffer: 0, index: i, value }],
  }
}

describe.each(['cpu', 'webasm'] as const)('gpujs in mode %s', (mode) => {
  test('computes, says the mode that ran, and leaves nothing on the device', async () => {
    const backend = await gpujs({ mode })
    const buffers = [backend.allocate('float32', 3), backend.allocate('float32', 3)]
    backend.write(buffers[1]!, Float32Array.of(1, 2, NaN))
    backend.execute(backend.compile(programOf(double(3))), buffers, [])
    expect([...(await backend.read(buffers[0]!))]).toEqual([2, 4, NaN])
    expect(backend.report().details).toMatchObject({ mode, textures: 2 })
    expect(backend.report().notes).toEqual([])
    buffers.forEach((buffer) => backend.free(buffer))
    expect(backend.report().details.textures).toBe(0)
    backend.dispose()
  })
})

test.each(['webgl2', 'webgl', 'headlessgl'] as const)('mode %s is refused in Node, with what it needs', async (mode) => {
  await expect(gpujs({ mode })).rejects.toThrow(`mode '${mode}' does not run here: it needs`)
})

test('a buffer whose places float32 cannot count is refused', async () => {
  const backend = await gpujs({ mode: 'cpu' })
  expect(() => backend.allocate('float32', 2 ** 23 + 1)).toThrow(/8388609 elements are too many/)
  backend.dispose()
})

test('what runs on the host is noted once, with the reason', async () => {
  const backend = await gpujs({ mode: 'cpu' })
  const p = new ExprPool()
  const i = p.index(0, 2)
  const value = p.binary('xor', p.load('int32', 0, i), p.int(3))
  const buffers: BufferParam[] = [{ dtype: 'int32', length: 2 }]
  const kernel: LoopKernel = {
    kind: 'loop',
    buffers,
    scalars: [],
    grid: [2],
    stages: [{ kind: 'store', extents: [], buffer: 0, index: i, value }],
  }
  const buffer = backend.allocate('int32', 2)
  backend.write(buffer, Int32Array.of(1, 2 ** 30))
  const program = backend.compile(programOf(kernel))
  backend.execute(program, [buffer], [])
  backend.execute(program, [buffer], [])
  expect([...(await backend.read(buffer))]).toEqual([1, 2 ** 30])
  expect(backend.report().notes).toEqual(['bit operations, which gpu.js lacks: computed on the host'])
  backend.dispose()
})
