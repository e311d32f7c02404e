import {
  type BufferParam,
  type Contraction,
  type Convolution,
  type Expr,
  ExprPool,
  type LoopKernel,
  programOf,
  type Scatter,
} from '@tenon/kernel'
import { describe, expect, test } from 'vitest'
import { Device, type Library } from './device.ts'
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

describe.each(['cpu', 'webasm'] as const)('a product of matrices in mode %s', (mode) => {
  /** c[g] = a[g] b, of shape [m, n]; b is the same for each g. Either lies in memory as it is, or transposed. */
  const contraction = (m: number, n: number, k: number, across: 'a' | 'b'): Contraction => {
    const p = new ExprPool()
    const index = p.scaleAdd(p.index(0, 2), m * n, p.scaleAdd(p.index(1, m), n, p.index(2, n)))
    return {
      kind: 'contraction',
      dtype: 'float32',
      buffers: [f32(2 * m * n), f32(2 * m * k), f32(k * n)],
      scalars: [],
      batch: [2],
      ...{ m, n, k },
      a: { buffer: 1, offset: 0, batchStrides: [m * k], rowStride: across === 'a' ? 1 : k, columnStride: across === 'a' ? m : 1 },
      b: { buffer: 2, offset: 0, batchStrides: [0], rowStride: across === 'b' ? n : 1, columnStride: across === 'b' ? 1 : k },
      stores: [{ kind: 'store', extents: [], buffer: 0, index, value: p.register('float32', 0) }],
    }
  }

  // Small ones, ones whose rows are no fours, and ones that are large enough to be copied first.
  test.each([
    [3, 5, 7],
    [5, 32, 6],
    [33, 36, 10],
    [32, 64, 512],
  ])('[2, %d, %d] over %d is right, whichever way its factors lie', async (m, n, k) => {
    for (const across of ['a', 'b'] as const) {
      const kernel = contraction(m, n, k, across)
      const backend = await gpujs({ mode })
      const [c, a, b] = kernel.buffers.map(({ dtype, length }) => backend.allocate(dtype, length)) as [object, object, object]
      const [left, right] = [kernel.buffers[1]!, kernel.buffers[2]!].map(({ length }) =>
        Float32Array.from({ length }, (_, i) => ((i * 7) % 11) - 5),
      ) as [Float32Array, Float32Array]
      backend.write(a, left)
      backend.write(b, right)
      backend.execute(backend.compile(programOf(kernel)), [c, a, b], [])
      const wanted = Float32Array.from({ length: 2 * m * n }, (_, i) => {
        const [g, row, column] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n]
        const at = (j: number): number => left[g * m * k + row * kernel.a.rowStride + j * kernel.a.columnStride]!
        return Array.from({ length: k }, (_, j) => at(j) * right[j * kernel.b.rowStride + column * kernel.b.columnStride]!).reduce(
          (x, y) => x + y,
        )
      })
      expect(await backend.read(c)).toEqual(wanted)
      expect(backend.report().details.textures).toBe(3)
      backend.dispose()
    }
  })
})

test('a convolution that is added to its input and as many others as a kernel can read is computed', async () => {
  const p = new ExprPool()
  const i = p.index(3, 4)
  const value = [1, 3, 4, 5, 6, 7].reduce((sum, b) => p.add(sum, p.load('float32', b, i)), p.register('float32', 0))
  const kernel: Convolution = {
    kind: 'convolution',
    dtype: 'float32',
    buffers: [f32(4), f32(4), f32(3), f32(4), f32(4), f32(4), f32(4), f32(4)],
    scalars: [],
    ...{ batch: 1, groups: 1, inChannels: 1, outChannels: 1 },
    spatial: [{ input: 4, kernel: 3, output: 4, stride: 1, dilation: 1, inputDilation: 1, padLow: 1 }],
    x: { buffer: 1, offset: 0, batch: 0, group: 0, channel: 0, spatial: [1] },
    w: { buffer: 2, offset: 0, group: 0, out: 0, in: 0, spatial: [1] },
    stores: [{ kind: 'store', extents: [], buffer: 0, index: i, value }],
  }
  const backend = await gpujs({ mode: 'cpu' })
  const buffers = kernel.buffers.map(({ dtype, length }, b) => {
    const buffer = backend.allocate(dtype, length)
    backend.write(buffer, new Float32Array(length).fill(b))
    return buffer
  })
  backend.execute(backend.compile(programOf(kernel)), buffers, [])
  const others = 1 + 3 + 4 + 5 + 6 + 7
  expect([...(await backend.read(buffers[0]!))]).toEqual([4 + others, 6 + others, 6 + others, 4 + others])
  backend.dispose()
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

test('auto says which modes it passed over, and why', async () => {
  const backend = await gpujs()
  expect(backend.report().details.mode).toBe('webasm')
  expect(backend.report().notes).toEqual([
    expect.stringMatching(/mode 'webgl2' does not run here: it needs a browser with WebGL 2/),
    expect.stringMatching(/mode 'webgl' does not run here: it needs a browser with WebGL/),
  ])
  backend.dispose()
})

test('a mode that does not exist is refused, with those that do', async () => {
  await expect(gpujs({ mode: 'webgpu' as 'cpu' })).rejects.toThrow(
    "there is no mode 'webgpu', only auto, webgl2, webgl, headlessgl, webasm, cpu",
  )
})

test('where gpu.js leaves the mode that was asked for, its own reason is told', async () => {
  const library = await import('gpu.js')
  /** Answers for mode webasm with kernels of mode cpu, as gpu.js does where it falls back. */
  class Falling {
    readonly #gpu = new library.GPU({ mode: 'cpu' })
    createKernel(text: string, settings: object): object {
      return Object.assign(this.#gpu.createKernel(text as never, settings), { fallbackReason: 'it is tired' })
    }
    destroy(): Promise<void> {
      return this.#gpu.destroy()
    }
  }
  const device = new Device({ ...library, GPU: Falling } as unknown as Library, 'webasm')
  device.probe()
  expect([device.ran, device.fallbackReason]).toEqual(['cpu', 'it is tired'])
  device.dispose()
})

describe('a scatter', () => {
  /** out [5, 3] with the rows src [4, 3] added, or set, at rows that are read, or computed by `row`. */
  const scatter = (op: 'add' | 'set', row = (_: ExprPool, read: Expr): Expr => read): Scatter => {
    const p = new ExprPool()
    const [r, c] = [p.index(0, 4), p.index(1, 3)]
    const pick = row(p, p.load('int32', 1, r))
    const inside = p.and(p.binary('le', p.int(0), pick), p.binary('lt', pick, p.int(5)))!
    return {
      kind: 'scatter',
      op,
      buffers: [f32(15), { dtype: 'int32', length: 4 }, f32(12)],
      scalars: [],
      out: 0,
      initial: p.literal('float32', 0),
      grid: [4, 3],
      index: p.select(inside, p.scaleAdd(pick, 3, c), p.int(-1)),
      value: p.load('float32', 2, p.scaleAdd(r, 3, c)),
    }
  }
  const run = async (kernel: Scatter, rows: readonly number[]) => {
    const backend = await gpujs({ mode: 'cpu' })
    const [out, picks, src] = kernel.buffers.map((b) => backend.allocate(b.dtype, b.length)) as [object, object, object]
    backend.write(picks, Int32Array.from(rows))
    backend.write(
      src,
      Float32Array.from({ length: 12 }, (_, i) => i + 1),
    )
    backend.execute(backend.compile(programOf(kernel)), [out, picks, src], [])
    const data = [...(await backend.read(out))]
    const { notes } = backend.report()
    backend.dispose()
    return { rows: [0, 1, 2, 3, 4].map((r) => data.slice(r * 3, r * 3 + 3)), notes }
  }

  test('that adds runs on the device: rows that meet are added, and rows outside do nothing', async () => {
    const { rows, notes } = await run(scatter('add'), [2, 0, 2, 5])
    expect(rows).toEqual([
      [4, 5, 6],
      [0, 0, 0],
      [8, 10, 12],
      [0, 0, 0],
      [0, 0, 0],
    ])
    expect(notes).toEqual([])
  })

  test('that sets runs on the device: of rows that meet the last wins', async () => {
    const { rows, notes } = await run(scatter('set'), [2, -1, 2, 4])
    expect(rows[2]).toEqual([7, 8, 9])
    expect(rows[4]).toEqual([10, 11, 12])
    expect(rows.slice(0, 2).flat()).toEqual([0, 0, 0, 0, 0, 0])
    expect(notes).toEqual([])
  })

  test('whose places do not tell the points is computed on the host, with a note', async () => {
    const kernel = scatter('add')
    const p = new ExprPool()
    const index = p.mul(p.index(0, 4), p.index(1, 3)) // 0 … 6, the same from several points
    const { rows, notes } = await run({ ...kernel, index }, [0, 0, 0, 0])
    expect(rows[0]).toEqual([1 + 2 + 3 + 4 + 7 + 10, 5, 6 + 8])
    expect(notes).toEqual(['a scatter, which independent points cannot say: computed on the host'])
  })
})
