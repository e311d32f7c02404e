import { type Backend, ExprPool, type LoopKernel, type Program, programOf, type TypedArray } from '@tenon/kernel'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { makeWasm, usualTuning, type WasmOptions, wasm } from './backend.ts'

interface StartedWorker {
  terminate(): Promise<number>
  postMessage(message: unknown): void
  once(event: 'exit', listener: (code: number) => void): void
}

/** Workers that were started since the test began, each with its end. */
let started: { readonly worker: StartedWorker; readonly end: Promise<number> }[] = []
const find = process.getBuiltinModule.bind(process)
const threads = find('node:worker_threads')

beforeEach(() => {
  started = []
  class Watched extends threads.Worker {
    constructor(...args: ConstructorParameters<typeof threads.Worker>) {
      super(...args)
      started.push({ worker: this, end: new Promise((resolve) => this.once('exit', resolve)) })
    }
  }
  vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) =>
    name === 'node:worker_threads' ? { ...threads, Worker: Watched } : find(name)) as typeof process.getBuiltinModule)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

/** Every kernel is split, and every program wakes all threads. */
const eager = (options: WasmOptions, patience = 30_000): Backend =>
  makeWasm(options, { worth: { splitting: 0, waking: 0, sharing: 0 }, patience, mostKernels: 64 })

const length = 1 << 12

/** out[i] = x[picks[i]], which a pick from outside of the memory makes fail. */
function gather(): Program {
  const p = new ExprPool()
  const i = p.index(0, length)
  const value = p.load('float32', 1, p.load('int32', 2, i))
  const kernel: LoopKernel = {
    kind: 'loop',
    buffers: [
      { dtype: 'float32', length },
      { dtype: 'float32', length },
      { dtype: 'int32', length },
    ],
    scalars: [],
    grid: [length],
    stages: [{ kind: 'store', extents: [], buffer: 0, index: i, value }],
  }
  return programOf(kernel)
}
const outside = 2 ** 28
const picks = (bad: number | null): Int32Array => Int32Array.from({ length }, (_, i) => (i === bad ? outside : length - 1 - i))
const numbers = Float32Array.from({ length }, (_, i) => Math.sin(i))
const reversed = numbers.toReversed()

/** Runs the program as often as is asked, on buffers that stay. */
function gatherer(backend: Backend): (bad: number | null) => TypedArray {
  const program = backend.compile(gather())
  const [out, x, where] = [backend.allocate('float32', length), backend.allocate('float32', length), backend.allocate('int32', length)]
  backend.write(x!, numbers)
  return (bad) => {
    backend.write(where!, picks(bad))
    backend.execute(program, [out!, x!, where!], [])
    return backend.readSync!(out!)
  }
}

const workersOf = (backend: Backend): unknown => backend.report().details['workers']
async function untilRunning(backend: Backend): Promise<void> {
  while (workersOf(backend) !== 'running') await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('the threads', () => {
  test('are started when a program is worth it, and do not change its results', async () => {
    const backend = eager({ threads: 3 })
    expect(backend.capabilities.threads).toBe(3)
    expect(workersOf(backend)).toBe('not needed yet')
    const run = gatherer(backend)
    expect(workersOf(backend)).toBe('starting')
    expect(run(null)).toEqual(reversed)
    await untilRunning(backend)
    expect(run(null)).toEqual(reversed)
    expect(started).toHaveLength(2)
    expect(backend.report()).toMatchObject({ details: { threads: 3 }, notes: [] })
    backend.dispose()
  })

  test('are not started for programs that are too small', () => {
    const backend = wasm({ threads: 2 })
    expect(gatherer(backend)(null)).toEqual(reversed)
    expect(workersOf(backend)).toBe('not needed yet')
    expect(started).toHaveLength(0)
    backend.dispose()
  })

  test('are started for smaller programs, too, when many come in quick succession, and not when they come now and then', async () => {
    const backend = makeWasm({ threads: 2 }, { ...usualTuning, worth: { splitting: 0, waking: Number.POSITIVE_INFINITY, sharing: 0 } })
    const run = gatherer(backend)
    for (let i = 0; i < 40; i++) {
      expect(run(null)).toEqual(reversed)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(workersOf(backend)).toBe('not needed yet')
    const [out, program] = [backend.allocate('float32', 64), backend.compile(writers(3))]
    while (workersOf(backend) === 'not needed yet') backend.execute(program, [out], [])
    await untilRunning(backend)
    for (let i = 0; i < 1000; i++) backend.execute(program, [out], [])
    expect(backend.readSync!(out)).toEqual(new Float32Array(64).fill(2))
    expect(run(null)).toEqual(reversed)
    backend.dispose()
  })

  test('sleep where there is nothing to run', async () => {
    const backend = eager({ threads: 3 })
    const run = gatherer(backend)
    await untilRunning(backend)
    run(null)
    const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
    await pause(20)
    const before = process.cpuUsage()
    await pause(300)
    const { user, system } = process.cpuUsage(before)
    expect(user + system).toBeLessThan(200_000) // of 600,000 µs that two looking threads would take
    expect(run(null)).toEqual(reversed)
    backend.dispose()
  })

  /** A program of so many kernels, the k-th of which writes k. */
  function writers(count: number): Program {
    const steps = Array.from({ length: count }, (_, k) => {
      const p = new ExprPool()
      const stages = [{ kind: 'store', extents: [], buffer: 0, index: p.index(0, 64), value: p.literal('float32', k) } as const]
      const kernel: LoopKernel = { kind: 'loop', buffers: [{ dtype: 'float32', length: 64 }], scalars: [], grid: [64], stages }
      return { kind: 'run', kernel, buffers: [0], scalars: [] } as const
    })
    return { buffers: [{ role: 'external', dtype: 'float32', length: 64 }], scalars: [], steps, arenaBytes: 0 }
  }
  function lastOf(backend: Backend, count: number): TypedArray {
    const out = backend.allocate('float32', 64)
    backend.execute(backend.compile(writers(count)), [out], [])
    return backend.readSync!(out)
  }

  test('take in kernels that are compiled while they run', async () => {
    const backend = eager({ threads: 2 })
    const run = gatherer(backend)
    await untilRunning(backend)
    for (let count = 1; count < 40; count++) expect(lastOf(backend, count)).toEqual(new Float32Array(64).fill(count - 1))
    expect(run(null)).toEqual(reversed)
    backend.dispose()
  })

  test('forget kernels when there are too many, and programs that need them have them compiled again', async () => {
    const backend = eager({ threads: 2 })
    const run = gatherer(backend)
    await untilRunning(backend)
    expect(run(null)).toEqual(reversed)
    expect(lastOf(backend, 64)).toEqual(new Float32Array(64).fill(63))
    const before = backend.report().details['compiledKernels']
    expect(run(null)).toEqual(reversed)
    expect(backend.report().details['compiledKernels']).toBe(Number(before) + 1)
    expect(workersOf(backend)).toBe('running')
    backend.dispose()
  })

  test('end when the backend is disposed', async () => {
    const backends = Array.from({ length: 3 }, () => eager({ threads: 2 }))
    const runs = backends.map(gatherer)
    await untilRunning(backends[0]!)
    runs[0]!(null)
    for (const backend of backends) backend.dispose() // the others while they are still being started
    expect(started).toHaveLength(3)
    await Promise.all(started.map(({ end }) => end))
    expect(() => runs[0]!(null)).toThrow('this backend has been disposed')
  })

  test.each([0, 1.5, 257])('cannot be %s', (count) => {
    expect(() => wasm({ threads: count })).toThrow(`wasm: threads is ${count}; 1 … 256 can be`)
  })
})

describe('one thread, and the reason', () => {
  test.each([
    {
      where: 'a page that is not isolated',
      globals: { crossOriginIsolated: false },
      reason: 'one thread: the page is not cross-origin isolated',
    },
    { where: 'an engine without SharedArrayBuffer', globals: { SharedArrayBuffer: undefined }, reason: 'so it has no SharedArrayBuffer' },
  ])('in $where', ({ globals, reason }) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
    const backend = eager({ threads: 2 })
    expect(backend.capabilities.threads).toBe(1)
    expect(gatherer(backend)(null)).toEqual(reversed)
    expect(backend.report()).toMatchObject({ details: { threads: 1 }, notes: [expect.stringContaining(reason)] })
    expect(backend.report().details).not.toHaveProperty('workers')
    backend.dispose()
  })

  test('where no shared memory can be had', () => {
    const { Memory } = WebAssembly
    vi.stubGlobal('WebAssembly', {
      ...Object.fromEntries(Object.getOwnPropertyNames(WebAssembly).map((name) => [name, WebAssembly[name as 'Memory']])),
      Memory: class {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          if (descriptor.shared) throw new RangeError('could not allocate memory')
          // biome-ignore lint/correctness/noConstructorReturn: it stands for the engine's own
          return new Memory(descriptor)
        }
      },
    })
    const backend = eager({ threads: 2 })
    expect(backend.report().notes).toEqual(['one thread: no shared memory can be had (could not allocate memory)'])
    expect(gatherer(backend)(null)).toEqual(reversed)
    backend.dispose()
  })

  test('where a worker cannot be started', async () => {
    const backend = eager({ threads: 2, workerUrl: new URL('data:text/javascript,throw new Error("not this one")') })
    const run = gatherer(backend)
    await started[0]!.end
    expect(run(null)).toEqual(reversed)
    expect(backend.report()).toMatchObject({
      details: { threads: 1, workers: 'none' },
      notes: ['one thread: thread 2 of 2 could not be started (Error: not this one)'],
    })
    backend.dispose()
  })

  test('is asked for', () => {
    const backend = eager({ threads: 1 })
    expect(gatherer(backend)(null)).toEqual(reversed)
    expect(backend.report()).toMatchObject({ details: { threads: 1 }, notes: [] })
    backend.dispose()
  })
})

describe('what fails', () => {
  const failed =
    /^wasm: a program failed \(RuntimeError: .*out of bounds.*\)\. The program was not finished, and variables are as they were before it\.?$/

  test.each([
    ["the calling thread's share", 0],
    ["a worker's share", length - 1],
  ])('in %s is one error, and the threads go on', async (_, bad) => {
    const backend = eager({ threads: 3 })
    const run = gatherer(backend)
    await untilRunning(backend)
    expect(() => run(bad)).toThrow(failed)
    expect(run(null)).toEqual(reversed)
    expect(() => run(bad)).toThrow(failed)
    expect(backend.report()).toMatchObject({ details: { threads: 3, workers: 'running' }, notes: [] })
    backend.dispose()
  })

  test('on one thread is the same error', () => {
    const backend = eager({ threads: 1 })
    const run = gatherer(backend)
    expect(() => run(5)).toThrow(failed)
    expect(run(null)).toEqual(reversed)
    backend.dispose()
  })

  /** v += 1, and then `gather`. */
  function counter(backend: Backend) {
    const p = new ExprPool()
    const i = p.index(0, length)
    const ofLength = { dtype: 'float32', length } as const
    const value = p.add(p.load('float32', 1, i), p.literal('float32', 1))
    const stages = [{ kind: 'store', extents: [], buffer: 0, index: i, value }] as const
    const increment: LoopKernel = { kind: 'loop', buffers: [ofLength, ofLength], scalars: [], grid: [length], stages }
    const { buffers, steps, ...rest } = gather()
    const run = { kind: 'run', kernel: increment, buffers: [3, 3], scalars: [] } as const
    const program = backend.compile({ ...rest, buffers: [...buffers, { role: 'external', ...ofLength }], steps: [run, ...steps] })
    const [out, x, of, v] = (['float32', 'float32', 'int32', 'float32'] as const).map((dtype) => backend.allocate(dtype, length))
    backend.write(x!, numbers)
    backend.write(v!, new Float32Array(length))
    return {
      count: (bad: number | null) => {
        backend.write(of!, picks(bad))
        backend.execute(program, [out!, x!, of!, v!], [])
      },
      value: () => new Set(backend.readSync!(v!)),
    }
  }

  test.each([1, 2, 3])('leaves variables as they were, on %i threads', async (threads) => {
    const backend = eager({ threads })
    const { count, value } = counter(backend)
    if (threads > 1) await untilRunning(backend)
    for (const step of [1, 2, 3]) {
      expect(() => count(step * 1000)).toThrow(failed)
      expect(value()).toEqual(new Set([step - 1]))
      count(null)
      expect(value()).toEqual(new Set([step]))
    }
    const { memory } = backend.report()
    expect(memory).toMatchObject({ buffers: 4, bufferBytes: 16 * length })
    backend.dispose()
  })

  test('when a thread ends leaves variables as they were', async () => {
    const backend = eager({ threads: 2 }, 500)
    const { count, value } = counter(backend)
    await untilRunning(backend)
    count(null)
    const dead = started[0]!.worker.terminate()
    expect(() => count(null)).toThrow('does not answer')
    expect(value()).toEqual(new Set([1]))
    await dead
    count(null)
    expect(value()).toEqual(new Set([2]))
    backend.dispose()
  })

  test('when a thread ends between programs is told at the next one, and then one thread does it all', async () => {
    const backend = eager({ threads: 2 })
    const run = gatherer(backend)
    await untilRunning(backend)
    await started[0]!.worker.terminate()
    const end = 'thread 2 of 2 has ended (it ended with code 1)'
    expect(() => run(null)).toThrow(`wasm: ${end}. The program was not begun.`)
    expect(run(null)).toEqual(reversed)
    expect(backend.report()).toMatchObject({ details: { threads: 1, workers: 'none' }, notes: [`one thread: ${end}`] })
    backend.dispose()
  })

  test('when a thread ends in the middle of a program is an error, and nobody waits for ever', async () => {
    const backend = eager({ threads: 3 }, 500)
    const run = gatherer(backend)
    await untilRunning(backend)
    const dead = started[1]!.worker.terminate() // which the backend is told of after this turn of the event loop
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100) // and which would still do its share if asked at once
    expect(() => run(null)).toThrow('wasm: thread 3 of 3 does not answer. The program was not finished')
    await dead
    expect(run(null)).toEqual(reversed)
    expect(backend.report().notes).toEqual(['one thread: thread 3 of 3 does not answer'])
    await Promise.all(started.map(({ end }) => end))
    backend.dispose()
  })

  test('for want of memory is an error that leaves the rest as it was', async () => {
    const backend = eager({ threads: 2 })
    const run = gatherer(backend)
    await untilRunning(backend)
    const large = backend.allocate('float32', 2 ** 29)
    expect(() => backend.allocate('float32', 2 ** 29)).toThrow(/^wasm: no room for 2048\.0 MiB .*WebAssembly memory ends at 4096\.0 MiB/)
    expect(run(null)).toEqual(reversed)
    backend.free(large)
    backend.dispose()
  })
})
