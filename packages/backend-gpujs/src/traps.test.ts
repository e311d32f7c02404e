/**
 * What goes wrong in gpu.js without an error, measured, and designed out. In Node these run in the modes that Node has, and in a page, from
 * traps.browser.test.ts, in WebGL 2.
 */
import {
  type Backend,
  type BufferParam,
  type Expr,
  ExprPool,
  type LoopKernel,
  programOf,
  type ReduceOp,
  type TypedArray,
} from '@tenon/kernel'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Device } from './device.ts'
import { gpujs } from './gpujs.ts'

const modes = typeof document === 'undefined' ? (['cpu', 'webasm'] as const) : (['webgl2'] as const)

const f32 = (length: number): BufferParam => ({ dtype: 'float32', length })
const i32 = (length: number): BufferParam => ({ dtype: 'int32', length })

/** out[i] = value(i), with `out` before the others. */
function map(buffers: readonly BufferParam[], value: (p: ExprPool, i: Expr) => Expr): LoopKernel {
  const p = new ExprPool()
  const i = p.index(0, buffers[0]!.length)
  const stages = [{ kind: 'store', extents: [], buffer: 0, index: i, value: value(p, i) }] as const
  return { kind: 'loop', buffers, scalars: [], grid: [buffers[0]!.length], stages }
}

function reduceAll(op: ReduceOp, length: number): LoopKernel {
  const p = new ExprPool()
  const value = p.load('float32', 1, p.index(0, length))
  const store = { kind: 'store', extents: [], buffer: 0, index: p.int(0), value: p.register('float32', 0) } as const
  const reduce = { kind: 'reduce', op, extents: [length], value, dtype: 'float32' } as const
  return { kind: 'loop', buffers: [f32(1), f32(length)], scalars: [], grid: [], stages: [reduce, store] }
}

describe.each(modes)('in mode %s', (mode) => {
  let backend: Backend
  beforeAll(async () => {
    backend = await gpujs({ mode })
  })
  afterAll(() => backend.dispose())

  const textures = (): unknown => backend.report().details.textures
  const filled = (param: BufferParam, data: TypedArray): object => {
    const buffer = backend.allocate(param.dtype, param.length)
    backend.write(buffer, data)
    return buffer
  }
  /** Runs a kernel on the contents of its inputs. */
  const runArray = async (kernel: LoopKernel, ...inputs: readonly TypedArray[]): Promise<TypedArray> => {
    const [out, ...others] = kernel.buffers
    const buffers = [backend.allocate(out!.dtype, out!.length), ...others.map((b, i) => filled(b, inputs[i]!))]
    backend.execute(backend.compile(programOf(kernel)), buffers, [])
    const result = await backend.read(buffers[0]!)
    for (const buffer of buffers) backend.free(buffer)
    return result
  }
  const run = async (kernel: LoopKernel, ...inputs: readonly TypedArray[]): Promise<number[]> => [...(await runArray(kernel, ...inputs))]
  const unary = (fn: Parameters<ExprPool['unary']>[0], x: readonly number[]): Promise<number[]> =>
    run(
      map([f32(x.length), f32(x.length)], (p, i) => p.unary(fn, p.load('float32', 1, i))),
      Float32Array.from(x),
    )
  const binary = (
    fn: Parameters<ExprPool['binary']>[0],
    a: readonly number[],
    b: readonly number[],
    dtype: 'float32' | 'int32' = 'float32',
  ) => {
    const param = dtype === 'float32' ? f32(a.length) : i32(a.length)
    const array = dtype === 'float32' ? Float32Array : Int32Array
    return run(
      map([param, param, param], (p, i) => p.binary(fn, p.load(dtype, 1, i), p.load(dtype, 2, i))),
      array.from(a),
      array.from(b),
    )
  }

  test.each([999, 1000, 1001, 4096, 4097, 10_007])('a loop of %d goes to its end', async (length) => {
    expect(await run(reduceAll('sum', length), new Float32Array(length).fill(1))).toEqual([length])
  })

  test('one number is computed in all of float32', async () => {
    const [third] = await binary('div', [1], [3])
    expect(Math.abs(third! - 1 / 3)).toBeLessThan(2 ** -25)
    expect(await binary('add', [2 ** 24 - 2], [1])).toEqual([2 ** 24 - 1])
  })

  test('places are exact in the largest buffer there is, and a larger one is refused', async () => {
    const length = 2 ** 23
    const data = new Float32Array(length)
    for (let i = 0; i < 5; i++) data[length - 5 + i] = i + 1
    const last = map([f32(5), f32(length)], (p, i) => p.load('float32', 1, p.add(i, p.int(length - 5))))
    expect(await run(last, data)).toEqual([1, 2, 3, 4, 5])
    expect(() => backend.allocate('float32', length + 1)).toThrow(/8388609 elements are too many/)
  })

  test('the coordinates of every place are right, however far out', async () => {
    // Rows of 3, 7 and 1000 in buffers of up to two million: a quotient that is off by one gives another row.
    for (const width of [3, 7, 1000]) {
      const height = Math.floor(2_000_000 / width)
      const p = new ExprPool()
      const [row, column] = [p.index(0, height), p.index(1, width)]
      const value = p.cast('float32', p.sub(row, column))
      const stages = [{ kind: 'store', extents: [], buffer: 0, index: p.scaleAdd(row, width, column), value }] as const
      const got = await runArray({ kind: 'loop', buffers: [f32(height * width)], scalars: [], grid: [height, width], stages })
      expect(got.findIndex((x: number, i: number) => x !== Math.floor(i / width) - (i % width))).toBe(-1)
    }
  })

  test('tanh of large numbers is ±1, and pow of a negative base is right', async () => {
    expect(await unary('tanh', [-1e30, -100, 100, 1e30, NaN])).toEqual([-1, -1, 1, 1, NaN])
    const powers = await binary('pow', [-2, -2, -2, -2, 0, 1, NaN], [3, 2, -1, 0.5, 0, NaN, 0])
    expect(powers.map((x) => Math.round(x * 1e5) / 1e5)).toEqual([-8, 4, -0.5, NaN, 1, 1, 1])
  })

  test('whole numbers are divided towards −∞, negative ones too', async () => {
    const [a, b] = [
      [-7, -7, 7, 7, -6, 0, 5, 4_000_000, -4_000_000],
      [2, -2, -2, 2, 3, 5, 0, 3, 3],
    ]
    expect(await binary('idiv', a!, b!, 'int32')).toEqual(a!.map((x, i) => (b![i] === 0 ? 0 : Math.floor(x / b![i]!) || 0)))
    const zero = (x: number): number => x || 0
    expect((await binary('mod', a!, b!, 'int32')).map(zero)).toEqual(
      a!.map((x, i) => (b![i] === 0 ? 0 : zero(x - b![i]! * Math.floor(x / b![i]!)))),
    )
  })

  test('sin and cos are as exact as elsewhere', async () => {
    const x = Array.from({ length: 400 }, (_, i) => Math.fround((i - 200) * 0.37))
    const [sin, cos] = [await unary('sin', x), await unary('cos', x)]
    expect(Math.max(...x.map((v, i) => Math.max(Math.abs(sin[i]! - Math.sin(v)), Math.abs(cos[i]! - Math.cos(v)))))).toBeLessThan(1e-5)
  })

  test('NaN goes through functions, extremes and comparisons', async () => {
    expect(await unary('exp', [NaN])).toEqual([NaN])
    expect(await unary('log', [NaN, -1, 0, Infinity])).toEqual([NaN, NaN, -Infinity, Infinity])
    expect(await unary('sqrt', [NaN, -1, 4])).toEqual([NaN, NaN, 2])
    expect(await binary('max', [NaN, 1, NaN], [1, NaN, NaN])).toEqual([NaN, NaN, NaN])
    expect(await run(reduceAll('max', 3), Float32Array.of(1, NaN, 2))).toEqual([NaN])
    expect(await run(reduceAll('min', 3), Float32Array.of(NaN, 1, 2))).toEqual([NaN])
  })

  const double = map([f32(4), f32(4)], (p, i) => p.mul(p.load('float32', 1, i), p.literal('float32', 2)))

  test('a result stays what it was when its kernel runs again', async () => {
    const buffers = [filled(f32(4), new Float32Array(4)), filled(f32(4), Float32Array.of(1, 2, 3, 4)), filled(f32(4), new Float32Array(4))]
    const [first, x, second] = buffers as [object, object, object]
    const program = backend.compile(programOf(double))
    backend.execute(program, [first, x], [])
    backend.execute(program, [second, first], []) // its own result goes in
    backend.execute(program, [x, second], [])
    expect([first, second, x].map((b) => [...backend.readSync!(b)])).toEqual([
      [2, 4, 6, 8],
      [4, 8, 12, 16],
      [8, 16, 24, 32],
    ])
    buffers.forEach((b) => backend.free(b))
  })

  test('nothing is compiled anew when numbers come now from the host, now from a kernel', async () => {
    const [x, y] = [filled(f32(4), Float32Array.of(1, 2, 3, 4)), filled(f32(4), new Float32Array(4))]
    const program = backend.compile(programOf(double))
    const compilations = (): unknown => backend.report().details.compiledKernels
    backend.execute(program, [y, x], [])
    const before = compilations()
    for (let i = 0; i < 4; i++) {
      backend.execute(program, [x, y], [])
      backend.write(y, Float32Array.of(i, 1, 2, 3))
      backend.execute(program, [y, y], [])
    }
    expect(compilations()).toBe(before)
    expect([...backend.readSync!(y)]).toEqual([6, 2, 4, 6])
    backend.free(x)
    backend.free(y)
  })

  test('textures are deleted: those of what is freed, of what is overwritten, and of temporaries', async () => {
    const before = textures()
    const [x, y] = [filled(f32(4), Float32Array.of(1, 2, 3, 4)), backend.allocate('float32', 4)]
    const program = backend.compile({
      buffers: [
        { role: 'external', ...f32(4) },
        { role: 'external', ...f32(4) },
        { role: 'temporary', ...f32(4), offset: 0 },
      ],
      scalars: [],
      arenaBytes: 64,
      steps: [
        { kind: 'run', kernel: double, buffers: [2, 1], scalars: [] },
        { kind: 'run', kernel: double, buffers: [0, 2], scalars: [] },
      ],
    })
    for (let i = 0; i < 10; i++) backend.execute(program, [y, x], [])
    expect(textures()).toBe((before as number) + 2)
    backend.free(x)
    backend.free(y)
    expect(textures()).toBe(before)
  })

  test('a kernel that reads more buffers than gpu.js takes is computed in parts', async () => {
    const params = Array.from({ length: 31 }, () => f32(2))
    const sum = map(params, (p, i) =>
      params.slice(1).reduce<Expr>((s, _, b) => p.add(s, p.load('float32', b + 1, i)), p.literal('float32', 0)),
    )
    const buffers = params.map(({ dtype, length }) => backend.allocate(dtype, length))
    buffers.forEach((buffer, b) => backend.write(buffer, Float32Array.of(b, 2 * b)))
    const before = textures()
    backend.execute(backend.compile(programOf(sum)), buffers, [])
    expect([...(await backend.read(buffers[0]!))]).toEqual([465, 930])
    buffers.forEach((buffer) => backend.free(buffer))
    expect(textures()).toBe(before)
  })

  test('kernels beyond the cache are destroyed, and their results live on', async () => {
    const library = await import('gpu.js')
    const device = new Device(library, mode, 2)
    const scale = (factor: number, length: number) =>
      device.kernel({
        text: `function(p0) {\n  return p0[this.thread.x] * ${factor}.0;\n}`,
        functions: [],
        output: [length],
        inputs: [length],
      })
    const inputs = [2, 3, 4, 5, 6].map((length) => device.upload(new Float32Array(length).fill(1)))
    const results = inputs.map((data, i) => scale(i + 2, i + 2)([data]))
    expect(results.map((data) => [...device.download(data)])).toEqual(
      [2, 3, 4, 5, 6].map((factor) => Array.from({ length: factor }, () => factor)),
    )
    for (const data of [...inputs, ...results]) device.delete(data)
    expect(device.kernelsHeld).toBe(2)
    // What was destroyed is made anew, and what draws after it is not disturbed.
    expect([...device.download(scale(2, 2)([device.upload(Float32Array.of(5, 7))]))]).toEqual([10, 14])
    expect([...device.download(scale(6, 6)([device.upload(new Float32Array(6).fill(2))]))]).toEqual([12, 12, 12, 12, 12, 12])
    device.dispose()
    expect(device.live).toBe(0)
  })
})
