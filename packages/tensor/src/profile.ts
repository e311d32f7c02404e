/** Where the time of a program goes: each of its kernels by itself, beside what the backend does at its best. */
import {
  type Backend,
  type BufferHandle,
  type Contraction,
  cost,
  type Executable,
  ExprPool,
  type Kernel,
  type LoopKernel,
  type Program,
  printKernel,
  programOf,
  type Step,
} from '@tenon/kernel'

/** A step as a program of its own; those inside of a loop, each alone in the loop. */
interface Part {
  readonly step: Step
  readonly executable: Executable
  readonly inside: readonly Part[]
}

interface Timing {
  readonly kernel: Kernel
  readonly ms: number
  readonly calls: number
}

/** What a backend does in a millisecond. */
interface Peak {
  readonly flops: number
  readonly bytes: number
}

const parts = new WeakMap<Program, readonly Part[]>()
const peaks = new WeakMap<Backend, Peak>()

/** Runs the program kernel by kernel, with memory of its own for each temporary. Gives the lines of a table, the kernels that took longest first. */
export function profile(backend: Backend, program: Program, external: readonly BufferHandle[], scalars: readonly number[]): string[] {
  const peak = known(peaks, backend, () => measurePeak(backend))
  const own = known(parts, program, () => program.steps.map((step) => partOf(backend, program, step, (inner) => inner)))
  const temporaries: BufferHandle[] = []
  let next = 0
  const buffers = program.buffers.flatMap(({ role, dtype, length }) => {
    if (role === 'slice') return []
    if (role === 'external') return [external[next++]!]
    const buffer = backend.allocate(dtype, length)
    temporaries.push(buffer)
    return [buffer]
  })
  const time = ({ executable }: Part): number => timed(() => backend.execute(executable, buffers, scalars))
  /** The time of a loop is divided among its kernels as they take it alone; after that it runs once more, for what they wrote. */
  const measure = (part: Part): Timing[] => {
    const { step } = part
    const ms = time(part)
    if (step.kind === 'run') return [{ kernel: step.kernel, ms, calls: 1 }]
    const inside = part.inside.flatMap(measure)
    time(part)
    const alone = inside.reduce((sum, timing) => sum + timing.ms, 0)
    return inside.map((timing) => ({ ...timing, ms: (timing.ms / alone) * ms, calls: timing.calls * step.count }))
  }
  const timings = own.flatMap(measure)
  for (const buffer of temporaries) backend.free(buffer)
  return table(timings, peak)
}

function known<K extends object, V extends object>(all: WeakMap<K, V>, key: K, make: () => V): V {
  let value = all.get(key)
  if (!value) all.set(key, (value = make()))
  return value
}

function timed(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

function partOf(backend: Backend, program: Program, step: Step, around: (inner: Step) => Step): Part {
  const buffers = program.buffers.map(({ role, dtype, length }) => ({
    role: role === 'slice' ? role : ('external' as const),
    dtype,
    length,
  }))
  const executable = backend.compile({ ...program, buffers, steps: [around(step)], arenaBytes: 0 })
  const inside =
    step.kind === 'run'
      ? []
      : step.body.map((inner) => partOf(backend, program, inner, (body) => around({ ...step, body: [body], carries: [] })))
  return { step, executable, inside }
}

/** Its best at arithmetic and at moving bytes: a product of two matrices of 256 × 256, and a sum of two times 4 MiB. The best of some tries. */
function measurePeak(backend: Backend): Peak {
  const best = (kernel: Kernel): number => {
    const executable = backend.compile(programOf(kernel))
    const buffers = kernel.buffers.map(({ dtype, length }) => backend.allocate(dtype, length))
    const times = Array.from({ length: 5 }, () => timed(() => backend.execute(executable, buffers, [])))
    for (const buffer of buffers) backend.free(buffer)
    return Math.min(...times)
  }
  const [n, p] = [256, new ExprPool()]
  const float = (length: number) => ({ dtype: 'float32' as const, length })
  const index = p.scaleAdd(p.index(0, n), n, p.index(1, n))
  const view = (buffer: number) => ({ buffer, offset: 0, batchStrides: [], rowStride: n, columnStride: 1 })
  const product: Contraction = {
    kind: 'contraction',
    dtype: 'float32',
    buffers: [float(n * n), float(n * n), float(n * n)],
    scalars: [],
    batch: [],
    m: n,
    n,
    k: n,
    a: view(0),
    b: view(1),
    stores: [{ kind: 'store', extents: [], buffer: 2, index, value: p.register('float32', 0) }],
  }
  const length = 2 ** 20
  const i = p.index(0, length)
  const sum: LoopKernel = {
    kind: 'loop',
    buffers: [float(length), float(length), float(length)],
    scalars: [],
    grid: [length],
    stages: [{ kind: 'store', extents: [], buffer: 2, index: i, value: p.add(p.load('float32', 0, i), p.load('float32', 1, i)) }],
  }
  return { flops: cost(product).flops / best(product), bytes: cost(sum).bytes / best(sum) }
}

/** Equal kernels are one line. Roofline: the least time that the peak allows, of the time taken. */
function table(timings: readonly Timing[], peak: Peak): string[] {
  const groups = new Map<string, Timing[]>()
  for (const timing of timings) {
    const text = printKernel(timing.kernel)
    groups.set(text, [...(groups.get(text) ?? []), timing])
  }
  const work = (some: readonly Timing[]) => {
    const sum = (of: (timing: Timing) => number): number => some.reduce((total, timing) => total + of(timing), 0)
    const least = ({ kernel, calls }: Timing): number => {
      const { flops, bytes } = cost(kernel)
      return calls * Math.max(flops / peak.flops, bytes / peak.bytes)
    }
    return {
      ms: sum(({ ms }) => ms),
      calls: sum(({ calls }) => calls),
      flops: sum(({ kernel, calls }) => calls * cost(kernel).flops),
      bytes: sum(({ kernel, calls }) => calls * cost(kernel).bytes),
      least: sum(least),
    }
  }
  const all = work(timings)
  const line = ({ ms, calls, flops, bytes, least }: typeof all, name: string): string => {
    const cells = [
      `${((100 * ms) / all.ms).toFixed(1)} %`.padStart(8),
      `${ms.toFixed(3)} ms`.padStart(13),
      String(calls).padStart(6),
      (flops / ms / 1e6).toFixed(2).padStart(8),
      (bytes / ms / 1e6).toFixed(2).padStart(7),
      `${((100 * least) / ms).toFixed(0)} %`.padStart(9),
    ]
    return `${cells.join(' ')}  ${name}`
  }
  const rows = [...groups.values()].map((group) => ({ ...work(group), name: nameOf(group[0]!.kernel) }))
  const best = `100 % are ${(peak.flops / 1e6).toFixed(2)} GFLOP/s or ${(peak.bytes / 1e6).toFixed(2)} GB/s`
  return [
    `${'share'.padStart(8)} ${'time'.padStart(13)} ${'calls'.padStart(6)} ${'GFLOP/s'.padStart(8)} ${'GB/s'.padStart(7)} ${'roofline'.padStart(9)}  kernel`,
    ...rows.sort((a, b) => b.ms - a.ms).map((row) => line(row, row.name)),
    line(all, `all; ${best}`),
  ]
}

function nameOf(kernel: Kernel): string {
  const [name] = printKernel(kernel).split('\n', 1)
  if (kernel.kind === 'contraction') return `${name} · ${kernel.k}`
  return kernel.kind === 'convolution'
    ? `${name} · ${kernel.inChannels} × [${kernel.spatial.map((axis) => axis.kernel).join(', ')}]`
    : name!
}
