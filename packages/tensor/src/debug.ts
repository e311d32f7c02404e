/**
 * What `TENON_DEBUG` prints, to the error stream: 1 a line for each run; 2 also each kernel with its time, GFLOP/s and bytes; 3 also the
 * text of the program; 4 also, once for each program, the code that the backend made of it. Read once, when the package is loaded.
 */
import { type Backend, type BufferHandle, cost, type Executable, type Kernel, type Program, printKernel, printProgram } from '@tenon/kernel'

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
const level = Number(environment?.['TENON_DEBUG'] ?? 0)

export function reportRun(
  backend: Backend,
  program: Program,
  executable: Executable,
  buffers: readonly BufferHandle[],
  scalars: readonly number[],
): void {
  if (level < 1) {
    backend.execute(executable, buffers, scalars)
    return
  }
  const start = performance.now()
  if (level >= 2) runOneByOne(backend, program, buffers, scalars)
  else backend.execute(executable, buffers, scalars)
  const ms = performance.now() - start
  console.error(`[tenon] ${backend.name}: ${program.steps.length} kernels, arena ${program.arenaBytes} B, ${ms.toFixed(2)} ms`)
  if (level >= 3) console.error(printProgram(program))
  if (level < 4 || listed.has(program)) return
  listed.add(program)
  console.error(backend.listing?.(program) ?? `[tenon] ${backend.name} makes no code: it runs the text above as it stands`)
}

const listed = new WeakSet<Program>()

const singles = new WeakMap<Program, Executable[]>()

/** Each step as a program of its own, with memory of its own for the temporaries. */
function runOneByOne(backend: Backend, program: Program, external: readonly BufferHandle[], scalars: readonly number[]): void {
  const executables =
    singles.get(program) ??
    program.steps.map((step) =>
      backend.compile({
        ...program,
        buffers: program.buffers.map(({ role, dtype, length }) => ({
          role: role === 'slice' ? role : 'external',
          dtype,
          length,
        })),
        steps: [step],
        arenaBytes: 0,
      }),
    )
  singles.set(program, executables)
  const temporaries: BufferHandle[] = []
  let next = 0
  const buffers = program.buffers.flatMap(({ role, dtype, length }) => {
    if (role === 'slice') return []
    if (role === 'external') return [external[next++]!]
    const buffer = backend.allocate(dtype, length)
    temporaries.push(buffer)
    return [buffer]
  })
  program.steps.forEach((step, i) => {
    const start = performance.now()
    backend.execute(executables[i]!, buffers, scalars)
    const ms = performance.now() - start
    console.error(`  ${ms.toFixed(3).padStart(8)} ms  ${step.kind === 'run' ? describe(step.kernel, ms) : `repeat ${step.count} times`}`)
  })
  for (const buffer of temporaries) backend.free(buffer)
}

function describe(kernel: Kernel, ms: number): string {
  const { flops, bytes } = cost(kernel)
  const rate = `${(flops / ms / 1e6).toFixed(2).padStart(6)} GFLOP/s ${(bytes / 2 ** 20).toFixed(2).padStart(7)} MiB`
  return `${rate}  ${printKernel(kernel).split('\n', 1)[0]}`
}
