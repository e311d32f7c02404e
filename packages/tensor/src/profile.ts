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
  const peak = peaks.get(backend) ?? measurePeak(backend)
  peaks.set(backend, peak)
  const own = parts.get(program) ?? program.steps.map((step) => partOf(backend, program, step, (inner) => inner))
  parts.set(program, own)
  const rest = [...external]
  const temporaries: BufferHandle[] = []
  const buffers = program.buffers.flatMap(({ role, dtype, length }) => {
    if (role === 'slice') return []
    if (role === 'external') return [rest.shift()!]
    return [temporaries[temporaries.push(backend.allocate(dtype, length)) - 1]!]
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

function timed(run: () => void): number {
  const start = performance.now()
  run()
  return performance.now() - start
}

function partOf(backend: Backend, program: Program, step: Step, around: (inner: Step) => Step): Part {
  const buffers = program.buffers.map((buffer) => (buffer.role === 'temporary' ? { ...buffer, role: 'external' as const } : buffer))
  const executable = backend.compile({ ...program, buffers, steps: [around(step)], arenaBytes: 0 })
  const inside =
    step.kind === 'run'
      ? []
      : step.body.map((inner) => partOf(backend, program, inner, (body) => around({ ...step, body: [body], carries: [] })))
  return { step, executable, inside }
}

/** So long is the best of a backend looked for: until code is optimized, and threads are awake. */
const peakMs = 100

/** Its best at arithmetic and at moving bytes: a product of two matrices of 256 × 256, and a sum of two times 4 MiB. */
function measurePeak(backend: Backend): Peak {
  const best = (kernel: Kernel): number => {
    const executable = backend.compile(programOf(kernel))
    const buffers = kernel.buffers.map(({ dtype, length }) => backend.allocate(dtype, length))
    // Memory that was never written is one page many times over, which some processors read slowly.
    for (const [i, { length }] of kernel.buffers.entries()) backend.write(buffers[i]!, new Float32Array(length).fill(1))
    const run = (): void => backend.execute(executable, buffers, [])
    let least = timed(run)
    for (const end = performance.now() + peakMs; performance.now() < end; ) least = Math.min(least, timed(run))
    for (const buffer of buffers) backend.free(buffer)
    return least
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

/** What some kernels did together; `least` is the time that the peak allows. */
function sumOf(timings: readonly Timing[], peak: Peak) {
  const sum = { ms: 0, calls: 0, flops: 0, bytes: 0, least: 0 }
  for (const { kernel, ms, calls } of timings) {
    const { flops, bytes } = cost(kernel)
    sum.ms += ms
    sum.calls += calls
    sum.flops += calls * flops
    sum.bytes += calls * bytes
    sum.least += calls * Math.max(flops / peak.flops, bytes / peak.bytes)
  }
  return sum
}
type Sum = ReturnType<typeof sumOf>

const columns: readonly (readonly [title: string, width: number, cell: (sum: Sum, all: Sum) => string])[] = [
  ['share', 8, ({ ms }, all) => `${((100 * ms) / all.ms).toFixed(1)} %`],
  ['time', 13, ({ ms }) => `${ms.toFixed(3)} ms`],
  ['calls', 6, ({ calls }) => String(calls)],
  ['GFLOP/s', 8, ({ flops, ms }) => (flops / ms / 1e6).toFixed(2)],
  ['GB/s', 7, ({ bytes, ms }) => (bytes / ms / 1e6).toFixed(2)],
  ['roofline', 9, ({ least, ms }) => `${((100 * least) / ms).toFixed(0)} %`],
]

/** Equal kernels are one line. */
function table(timings: readonly Timing[], peak: Peak): string[] {
  const groups = new Map<string, Timing[]>()
  for (const timing of timings) {
    const text = printKernel(timing.kernel)
    groups.set(text, [...(groups.get(text) ?? []), timing])
  }
  const all = sumOf(timings, peak)
  const line = (sum: Sum, name: string): string => `${columns.map(([, width, cell]) => cell(sum, all).padStart(width)).join(' ')}  ${name}`
  const rows = [...groups.values()].map((group) => ({ ...sumOf(group, peak), name: nameOf(group[0]!.kernel) }))
  return [
    `${columns.map(([title, width]) => title.padStart(width)).join(' ')}  kernel`,
    ...rows.sort((a, b) => b.ms - a.ms).map((row) => line(row, row.name)),
    line(all, `all; 100 % are ${(peak.flops / 1e6).toFixed(2)} GFLOP/s or ${(peak.bytes / 1e6).toFixed(2)} GB/s`),
  ]
}

function nameOf(kernel: Kernel): string {
  const [name] = printKernel(kernel).split('\n', 1)
  if (kernel.kind === 'contraction') return `${name} · ${kernel.k}`
  return kernel.kind === 'convolution'
    ? `${name} · ${kernel.inChannels} × [${kernel.spatial.map((axis) => axis.kernel).join(', ')}]`
    : name!
}
