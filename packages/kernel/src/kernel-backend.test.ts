/**
 * The passes keep the meaning of what they change, and `kernelBackend` makes a backend of a function that runs one
 * kernel: here of an interpreter, one point at a time, with neither an arena nor views.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Backend, Capabilities } from './backend.ts'
import { type DType, dtypes, type TypedArray } from './dtype.ts'
import { BackendError } from './errors.ts'
import { type Expr, walker } from './expr.ts'
import { product } from './extents.ts'
import type { Contraction, Convolution, Kernel, LoopKernel, ReduceOp, SpatialAxis, Stage } from './kernel.ts'
import { type KernelBackendOptions, kernelBackend } from './kernel-backend.ts'
import { toLoops } from './loops.ts'
import { ExprPool } from './pool.ts'
import { printKernel } from './print.ts'
import type { Program } from './program.ts'
import { programOf } from './program-of.ts'
import { identity } from './reduce.ts'
import { type SplitLimits, splitReduction } from './split.ts'

// ── a toy backend: an interpreter of the operations that these tests need ──

const fit = (dtype: DType, x: number): number => {
  const one = new dtypes[dtype].array(1)
  one[0] = x
  return one[0]
}

const functions: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  idiv: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b)),
  max: Math.max,
  min: Math.min,
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  and: (a, b) => a & b,
  exp: (x) => Math.exp(x),
  neg: (x) => -x,
}

function* points(extents: readonly number[]): Generator<number[]> {
  for (let p = 0; p < product(extents); p++) {
    let rest = p
    yield extents.map((_, i) => {
      const inner = product(extents.slice(i + 1))
      const at = Math.floor(rest / inner)
      rest %= inner
      return at
    })
  }
}

function interpret(kernel: LoopKernel, buffers: readonly TypedArray[], scalars: readonly number[]): void {
  const before = buffers.map((b) => b.slice())
  for (const outer of points(kernel.grid)) {
    const registers: number[] = []
    const evaluator = (at: readonly number[]): ((e: Expr) => number) => {
      const visit: (e: Expr) => number = walker<number>({
        literal: (e) => e.value,
        scalar: (e) => fit(e.dtype, scalars[e.slot]!),
        index: (e) => at[e.axis]!,
        load(e, index, valid) {
          if (valid === 0) return 0
          const value = before[e.buffer]![index]
          if (value === undefined) throw new RangeError(`load of element ${index} of buffer ${e.buffer}`)
          return value
        },
        unary: (e, x) => fit(e.dtype, functions[e.fn]!(x, 0)),
        binary: (e, a, b) => fit(e.dtype, functions[e.fn]!(a, b)),
        select: (_, cond, a, b) => (cond ? a : b),
        cast: (e, x) => (e.dtype === 'bool' ? Number(x !== 0) : fit(e.dtype, x)),
        register: (e) => registers[e.stage]!,
        stored: (e) => visit((kernel.stages[e.stage] as { value: Expr }).value),
      })
      return visit
    }
    for (const [number, stage] of kernel.stages.entries()) {
      const inner = [...points(stage.extents)].map((at) => evaluator([...outer, ...at]))
      if (stage.kind === 'store') {
        for (const evaluate of inner) buffers[stage.buffer]![evaluate(stage.index)] = evaluate(stage.value)
      } else {
        registers[number] = reduce(
          stage.op,
          stage.value.dtype,
          inner.map((evaluate) => evaluate(stage.value)),
        )
      }
    }
  }
}

function reduce(op: ReduceOp, dtype: DType, values: readonly number[]): number {
  if (op === 'argmax' || op === 'argmin') {
    const better = (a: number, b: number): boolean => !Number.isNaN(b) && (Number.isNaN(a) || (op === 'argmax' ? a > b : a < b))
    return values.reduce((best, v, i) => (better(v, values[best]!) ? i : best), 0)
  }
  const f = { sum: functions.add!, prod: functions.mul!, max: Math.max, min: Math.min }[op]
  return values.reduce((a, b) => fit(dtype, f(a, b)), identity(op, dtype))
}

const capabilities: Capabilities = {
  dtypes: ['float32', 'float64', 'int32', 'uint32', 'bool'],
  threads: 1,
  maxStores: 8,
  maxInputs: 16,
  maxLoop: Infinity,
  maxLength: 1000,
}

const toy = (compiled: Kernel[] = [], more: Partial<KernelBackendOptions<TypedArray>> = {}): Backend =>
  kernelBackend<TypedArray>({
    ...more,
    name: 'toy',
    capabilities,
    allocate: (dtype, length) => new dtypes[dtype].array(length),
    free: (memory) => memory.fill(NaN),
    write: (memory, data) => memory.set(data),
    read: async (memory) => memory.slice(),
    readSync: (memory) => memory.slice(),
    listing: (kernel) => `interpret ${printKernel(kernel)}`,
    compileKernel(kernel) {
      compiled.push(kernel)
      if ('out' in kernel) throw new BackendError(`toy: no ${kernel.kind}`)
      const loops = kernel.kind === 'loop' ? kernel : toLoops(kernel)
      return (buffers, scalars) => interpret(loops, buffers, scalars)
    },
  })

/** The contents of all external buffers after a run. */
function run(program: Program, contents: readonly (readonly number[])[], scalars: readonly number[] = [], backend = toy()): number[][] {
  const external = program.buffers.filter((b) => b.role === 'external')
  const buffers = external.map(({ dtype, length }, i) => {
    const buffer = backend.allocate(dtype, length)
    const data = new dtypes[dtype].array(length)
    data.set(contents[i] ?? [])
    backend.write(buffer, data)
    return buffer
  })
  backend.execute(backend.compile(program), buffers, scalars)
  return buffers.map((b) => {
    const data = [...backend.readSync!(b)]
    backend.free(b)
    return data
  })
}

// ── splitReduction ──

const limits = (maxLoop: number, threads = 1, maxStores = Infinity): SplitLimits => ({ threads, maxLoop, maxStores })

const reductions = ['sum', 'prod', 'max', 'min', 'argmax', 'argmin'] as const

/** out[i] = reduce over `extents` of x[i, …], and, as a second store, the same once more plus x[i, 0]. */
function reduction(op: ReduceOp, dtype: DType, rows: number, extents: readonly number[]): LoopKernel {
  const pool = new ExprPool()
  const length = product(extents)
  const row = pool.index(0, rows)
  const position = extents.reduce((flat, extent, i) => pool.scaleAdd(flat, extent, pool.index(1 + i, extent)), row)
  const x = (index: Expr): Expr => pool.load(dtype, 1, index)
  const result = op === 'argmax' || op === 'argmin' ? 'int32' : dtype
  const register = pool.register(result, 0)
  const more = pool.add(register, pool.cast(result, x(pool.mul(row, pool.int(length)))))
  return {
    kind: 'loop',
    buffers: [rows, rows * length, rows].map((n, i) => ({ dtype: i === 1 ? dtype : result, length: n })),
    scalars: [],
    grid: [rows],
    stages: [
      { kind: 'reduce', op, extents, value: x(position), dtype: result },
      { kind: 'store', extents: [], buffer: 0, index: row, value: register },
      { kind: 'store', extents: [], buffer: 2, index: row, value: more },
    ],
  }
}

function splitProgram(kernel: LoopKernel, limits: SplitLimits): Program | null {
  const split = splitReduction(kernel, limits)
  return (
    split && {
      buffers: [
        ...kernel.buffers.map((b) => ({ role: 'external', ...b }) as const),
        ...split.temporaries.map((b, i) => ({ role: 'temporary', offset: i * 4096, ...b }) as const),
      ],
      scalars: [],
      steps: split.kernels.map(({ kernel: k, buffers }) => ({ kind: 'run', kernel: k, buffers, scalars: [] })),
      arenaBytes: 0,
    }
  )
}

describe('splitReduction', () => {
  test('keeps the result of every reduction, and leaves no loop longer than the limit', () => {
    const small = fc.integer({ min: -2, max: 2 })
    const value = fc.oneof({ weight: 9, arbitrary: small }, { weight: 1, arbitrary: fc.constant(NaN) })
    const cases = fc.record({
      op: fc.constantFrom(...reductions),
      dtype: fc.constantFrom('float64', 'int32'),
      rows: fc.integer({ min: 1, max: 2 }), // 2 · 7³ elements are fewer than the toy's buffers hold
      extents: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 3 }),
      maxLoop: fc.integer({ min: 2, max: 9 }),
      values: fc.array(value, { minLength: 30, maxLength: 60 }),
    })
    fc.assert(
      fc.property(cases, ({ op, dtype, rows, extents, maxLoop, values }) => {
        const kernel = reduction(op, dtype as DType, rows, extents)
        const data = Array.from({ length: rows * product(extents) }, (_, i) => values[i % values.length]!)
        const program = splitProgram(kernel, limits(maxLoop))
        expect(program === null).toBe(product(extents) <= maxLoop)
        if (!program) return
        for (const step of program.steps) {
          const { stages } = (step as { kernel: LoopKernel }).kernel
          for (const s of stages) if (s.kind === 'reduce') expect(product(s.extents)).toBeLessThanOrEqual(maxLoop)
        }
        const contents = [[], data]
        expect(run(program, contents)).toEqual(run(programOf(kernel), contents))
      }),
      { numRuns: 150 },
    )
  })

  test('gives every thread a part where there are few points and many values, and changes nothing where there are enough', () => {
    const threads = 4
    const long = splitReduction(reduction('sum', 'float32', 1, [1 << 17]), limits(Infinity, threads))
    expect(long?.kernels.map((k) => k.kernel.grid)).toEqual([[1, 16], [1]])
    expect(long?.temporaries).toEqual([{ dtype: 'float32', length: 16 }])
    for (const [rows, length] of [
      [64, 1 << 17],
      [1, 1000],
    ] as const) {
      expect(splitReduction(reduction('sum', 'float32', rows, [length]), limits(Infinity, threads))).toBeNull()
    }
    expect(splitReduction(reduction('sum', 'float32', 1, [1 << 17]), limits(Infinity))).toBeNull()
  })

  test('splits reductions that need each other, as those of a softmax over everything', () => {
    const pool = new ExprPool()
    const [n, at] = [23, pool.index(0, 23)]
    const x = pool.load('float64', 1, at)
    const shifted = pool.unary('exp', pool.sub(x, pool.register('float64', 0)))
    const kernel: LoopKernel = {
      kind: 'loop',
      scalars: [],
      grid: [],
      buffers: [
        { dtype: 'float64', length: n },
        { dtype: 'float64', length: n },
      ],
      stages: [
        { kind: 'reduce', op: 'max', extents: [n], value: x, dtype: 'float64' },
        { kind: 'reduce', op: 'sum', extents: [n], value: shifted, dtype: 'float64' },
        { kind: 'store', extents: [n], buffer: 0, index: at, value: pool.mul(shifted, pool.register('float64', 1)) },
      ],
    }
    const program = splitProgram(kernel, limits(5))!
    const contents = [[], Array.from({ length: n }, (_, i) => Math.sin(i) * 3)]
    const [expected] = run(programOf(kernel), contents)
    run(program, contents)[0]!.forEach((v, i) => expect(v).toBeCloseTo(expected![i]!, 12))
  })

  test('splits what comes after a store, whether it needs an earlier reduction or not, and like ones together', () => {
    const stage = fc.record({
      op: fc.constantFrom(...reductions),
      length: fc.constantFrom(5, 6, 24),
      needs: fc.boolean(),
      stored: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(stage, { minLength: 1, maxLength: 5 }), fc.integer({ min: 2, max: 9 }), (list, maxLoop) => {
        const kernel = manyReductions(list)
        const program = splitProgram(kernel, limits(maxLoop))
        const contents = [Array.from({ length: 24 }, (_, i) => ((i * 7) % 5) - 2)]
        expect(program ? run(program, contents) : []).toEqual(program ? run(programOf(kernel), contents) : [])
        const readsStored = list.some(({ stored }, i) => stored && i > 0)
        const reduced = (program?.steps ?? []).flatMap((step) => (step as { kernel: LoopKernel }).kernel.stages)
        if (!readsStored) for (const s of reduced) if (s.kind === 'reduce') expect(product(s.extents)).toBeLessThanOrEqual(maxLoop)
      }),
      { numRuns: 300 },
    )
    const four = (['sum', 'max', 'min', 'argmax'] as const).map((op) => ({ op, length: 24, needs: false, stored: false }))
    const grids = (list: typeof four, maxStores?: number) =>
      splitReduction(manyReductions(list), limits(8, 1, maxStores))!.kernels.map((k) => k.kernel.grid)
    expect(grids(four.slice(0, 3))).toEqual([[3], []])
    expect(grids(four.slice(0, 3), 2)).toEqual([[3], [3], []])
    expect(grids(four)).toEqual([[3], [3], []]) // places are split along the first axis, values along the longest
  })

  test('leaves alone what reads a store', () => {
    const list = [
      { op: 'sum', length: 5, needs: false, stored: false },
      { op: 'sum', length: 24, needs: false, stored: true },
    ] as const
    expect(splitReduction(manyReductions(list), limits(10))).toBeNull()
  })
})

/** Reductions of one array, each stored at once in a buffer of its own; it may need the one before it, or what that one has stored. */
function manyReductions(
  list: readonly { readonly op: (typeof reductions)[number]; readonly length: number; readonly needs: boolean; readonly stored: boolean }[],
): LoopKernel {
  const pool = new ExprPool()
  const typeOf = (i: number): DType => (list[i]!.op.startsWith('arg') ? 'int32' : 'float64')
  const stages = list.flatMap(({ op, length, needs, stored }, i): Stage[] => {
    const x = pool.load('float64', 0, pool.index(0, length))
    const before = (): Expr => (stored ? pool.stored(typeOf(i - 1), 2 * i - 1) : pool.register(typeOf(i - 1), 2 * i - 2))
    const value = i > 0 && (needs || stored) ? pool.binary('max', x, pool.cast('float64', before())) : x
    return [
      { kind: 'reduce', op, extents: [length], value, dtype: typeOf(i) },
      { kind: 'store', extents: [], buffer: 1 + i, index: pool.int(0), value: pool.register(typeOf(i), 2 * i) },
    ]
  })
  const results = list.map((_, i) => ({ dtype: typeOf(i), length: 1 }))
  return { kind: 'loop', scalars: [], grid: [], buffers: [{ dtype: 'float64', length: 24 }, ...results], stages }
}

// ── toLoops ──

test('the loop form of a contraction is Σ a·b over views with batches, strides and offsets', () => {
  const pool = new ExprPool()
  const [batch, m, n, k] = [2, 2, 3, 2]
  const index = pool.scaleAdd(pool.scaleAdd(pool.index(0, batch), m, pool.index(1, m)), n, pool.index(2, n))
  const kernel: Contraction = {
    kind: 'contraction',
    dtype: 'float64',
    batch: [batch],
    m,
    n,
    k,
    scalars: ['float64'],
    buffers: [
      { dtype: 'float64', length: 12 },
      { dtype: 'float64', length: 9 },
      { dtype: 'float64', length: 6 },
    ],
    a: { buffer: 1, offset: 1, batchStrides: [4], rowStride: 1, columnStride: 2 }, // transposed, one element in
    b: { buffer: 2, offset: 0, batchStrides: [0], rowStride: 3, columnStride: 1 }, // the same for each of the batch
    stores: [
      {
        kind: 'store',
        extents: [],
        buffer: 0,
        index,
        value: pool.mul(pool.register('float64', 0), pool.scalar('float64', 0)),
      },
    ],
  }
  const a = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const b = [1, 2, 3, 4, 5, 6]
  const [out] = run(programOf(kernel), [[], a, b], [10])
  const expected = [...points([batch, m, n])].map(
    ([h, i, j]) => 10 * [0, 1].reduce((sum, c) => sum + a[1 + 4 * h! + i! + 2 * c]! * b[3 * c + j!]!, 0),
  )
  expect(out).toEqual(expected)
})

test('the loop form of a convolution reads only where a tap meets the input', () => {
  const axis: SpatialAxis = { input: 3, kernel: 2, output: 5, stride: 1, dilation: 2, inputDilation: 2, padLow: 1 }
  const pool = new ExprPool()
  const kernel: Convolution = {
    kind: 'convolution',
    dtype: 'float64',
    batch: 1,
    groups: 2,
    inChannels: 1,
    outChannels: 1,
    spatial: [axis],
    scalars: [],
    buffers: [
      { dtype: 'float64', length: 10 },
      { dtype: 'float64', length: 6 },
      { dtype: 'float64', length: 4 },
    ],
    x: { buffer: 1, offset: 0, batch: 6, group: 3, channel: 3, spatial: [1] },
    w: { buffer: 2, offset: 0, group: 2, out: 2, in: 2, spatial: [1] },
    stores: [
      {
        kind: 'store',
        extents: [],
        buffer: 0,
        index: pool.scaleAdd(pool.index(1, 2), 5, pool.index(3, 5)),
        value: pool.register('float64', 0),
      },
    ],
  }
  // Dilated and padded, the first group's input is 0 1 0 2 0 3 0; taps lie two apart.
  expect(run(programOf(kernel), [[], [1, 2, 3, 4, 5, 6], [10, 1, 10, 1]])[0]).toEqual([0, 10 + 2, 0, 20 + 3, 0, 0, 40 + 5, 0, 50 + 6, 0])
})

// ── kernelBackend ──

/** to[i] = from[i] · 2 + s */
function double(length: number): LoopKernel {
  const pool = new ExprPool()
  const i = pool.index(0, length)
  const value = pool.add(pool.mul(pool.load('float64', 1, i), pool.literal('float64', 2)), pool.scalar('float64', 0))
  const param = { dtype: 'float64', length } as const
  return {
    kind: 'loop',
    buffers: [param, param],
    scalars: ['float64'],
    grid: [length],
    stages: [{ kind: 'store', extents: [], buffer: 0, index: i, value }],
  }
}

describe('kernelBackend', () => {
  const external = { role: 'external', dtype: 'float64' } as const
  const step = (to: number, from: number) => ({ kind: 'run', kernel: double(2), buffers: [to, from], scalars: [0] }) as const

  test('runs kernels one after the other, through temporaries, with the scalars of this run', () => {
    const program: Program = {
      buffers: [
        { ...external, length: 2 },
        { ...external, length: 2 },
        { role: 'temporary', dtype: 'float64', length: 2, offset: 0 },
      ],
      scalars: ['float64'],
      steps: [step(2, 1), step(0, 2)],
      arenaBytes: 64,
    }
    expect(run(program, [[], [1, 2]], [1])[0]).toEqual([7, 11])
    expect(run(program, [[], [1, 2]], [0])[0]).toEqual([4, 8])
  })

  test('holds a temporary from the first step that uses it to the last, and frees it where a kernel fails too', () => {
    const held = new Set<TypedArray>()
    const heldBefore: number[] = []
    let failing = Infinity
    const backend = kernelBackend<TypedArray>({
      name: 'counting',
      capabilities,
      allocate: (dtype, length) => {
        const memory = new dtypes[dtype].array(length)
        held.add(memory)
        return memory
      },
      free: (memory) => void held.delete(memory),
      write: (memory, data) => memory.set(data),
      read: async (memory) => memory.slice(),
      compileKernel: (kernel) => (buffers, scalars) => {
        heldBefore.push(held.size)
        if (heldBefore.length === failing) throw new Error('this kernel fails')
        interpret(kernel as LoopKernel, buffers, scalars)
      },
    })
    // 0 → 2 → 3 → 4 → 1, each temporary with a place of its own
    const temporary = (offset: number) => ({ role: 'temporary', dtype: 'float64', length: 2, offset }) as const
    const program: Program = {
      buffers: [{ ...external, length: 2 }, { ...external, length: 2 }, temporary(0), temporary(64), temporary(128)],
      scalars: ['float64'],
      steps: [step(2, 0), step(3, 2), step(4, 3), step(1, 4)],
      arenaBytes: 192,
    }
    const buffers = [backend.allocate('float64', 2), backend.allocate('float64', 2)]
    const compiled = backend.compile(program)
    backend.execute(compiled, buffers, [2])
    expect(heldBefore).toEqual([3, 4, 4, 3])
    expect(held.size).toBe(2)
    failing = heldBefore.length + 3
    expect(() => backend.execute(compiled, buffers, [2])).toThrow('this kernel fails')
    expect(held.size).toBe(2)
  })

  test('repeats a body over slices that are read and written, with a carry', () => {
    const program: Program = {
      buffers: [
        { ...external, length: 7 }, // xs: steps from element 1 on
        { ...external, length: 6 }, // ys, last step first
        { ...external, length: 2 }, // the carry
        { role: 'slice', dtype: 'float64', length: 2 },
        { role: 'slice', dtype: 'float64', length: 2 },
        { role: 'temporary', dtype: 'float64', length: 2, offset: 0 },
      ],
      scalars: ['float64'],
      steps: [
        {
          kind: 'repeat',
          count: 3,
          body: [step(4, 3), step(5, 2)],
          slices: [
            { buffer: 3, of: 0, start: 1, stride: 2 },
            { buffer: 4, of: 1, start: 4, stride: -2 },
          ],
          carries: [{ current: 2, next: 5 }],
        },
      ],
      arenaBytes: 64,
    }
    const [xs, ys, carry] = run(program, [[0, 1, 2, 3, 4, 5, 6], [], [1, 10]], [0])
    expect(xs).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(ys).toEqual([10, 12, 6, 8, 2, 4])
    expect(carry).toEqual([8, 80])
    // The same with a copy of the backend's own in the place of the kernel that copies.
    const compiled: Kernel[] = []
    let copies = 0
    const copying = toy(compiled, {
      copy: (from, to) => {
        copies++
        to.set(from)
      },
    })
    expect(run(program, [[0, 1, 2, 3, 4, 5, 6], [], [1, 10]], [0], copying)).toEqual([xs, ys, carry])
    expect(copies).toBe(3)
  })

  test('compiles equal kernels once', () => {
    const compiled: Kernel[] = []
    const backend = toy(compiled)
    backend.compile(programOf(double(2)))
    backend.compile(programOf(double(2)))
    backend.compile(programOf(double(3)))
    expect(compiled).toHaveLength(2)
  })

  test('lists the code of each kernel once, also of those that are repeated', () => {
    const { steps, ...rest } = programOf(double(2))
    const repeated: Program = { ...rest, steps: [...steps, { kind: 'repeat', count: 3, body: steps, slices: [], carries: [] }] }
    expect(toy().listing!(repeated)).toBe(`interpret ${printKernel(double(2))}`)
  })

  test('keeps the books: what is held, and that nothing is used after it was freed', async () => {
    const backend = toy()
    const a = backend.allocate('float64', 3)
    const b = backend.allocate('bool', 5)
    expect(backend.report().memory).toEqual({ buffers: 2, bufferBytes: 29, arenaBytes: 0 })
    backend.free(a)
    expect(() => backend.free(a)).toThrow('toy: this buffer has been freed, or belongs to another backend')
    await expect(backend.read(a)).rejects.toThrow(BackendError)
    expect(() => toy().readSync!(b)).toThrow(BackendError)
    expect(backend.report().memory.buffers).toBe(1)
    backend.dispose()
    expect(backend.report().memory.buffers).toBe(0)
  })

  test('says what does not fit', () => {
    const backend = toy()
    const executable = backend.compile(programOf(double(2)))
    const [two, three] = [backend.allocate('float64', 2), backend.allocate('float64', 3)]
    expect(() => backend.execute(executable, [two, three], [1])).toThrow(
      "toy: the program's buffer 1 is float64[2], and was given float64[3]",
    )
    expect(() => backend.execute(executable, [two], [1])).toThrow('buffer 1 is float64[2], and was given nothing')
    expect(() => backend.execute(executable, [two, two], [])).toThrow('takes 1 scalars, and was given 0')
    expect(() => backend.write(two, new Float32Array(2))).toThrow('cannot write Float32Array of 2 to a buffer float64[2]')
    expect(() => backend.allocate('float64', 1001)).toThrow('toy: 1001 elements are too many for a buffer, which holds at most 1000')
  })
})
