/**
 * What `TENON_DEBUG` prints, to the error stream: 1 a line for each run; 2 also a table of its kernels; 3 also the text of the program; 4 also,
 * once for each program, the code that the backend made of it. Read once, when the package is loaded.
 */
import { type Backend, type BufferHandle, type Executable, kernelsOf, type Program, printProgram } from '@tenon/kernel'
import type { Plan } from './plan.ts'
import { profile } from './profile.ts'

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
const level = Number(environment?.['TENON_DEBUG'] ?? 0)

/** When all of the run before was printed. */
let ended: number | null = null

export function reportRun(
  backend: Backend,
  { program, arenaBound }: Plan,
  executable: Executable,
  buffers: readonly BufferHandle[],
  scalars: readonly number[],
): void {
  if (level < 1) {
    backend.execute(executable, buffers, scalars)
    return
  }
  const start = performance.now()
  const table = level >= 2 ? profile(backend, program, buffers, scalars) : []
  if (level < 2) backend.execute(executable, buffers, scalars)
  const ms = performance.now() - start
  const between = ended === null ? 0 : start - ended
  const share = `JavaScript since the run before ${between.toFixed(2)} ms, ${((100 * between) / (between + ms)).toFixed(1)} %`
  const arena = `arena ${mebibytes(program.arenaBytes)} of at least ${mebibytes(arenaBound)}`
  console.error(`[tenon] ${backend.name}: ${kernelsOf(program).length} kernels, ${arena}, ${ms.toFixed(2)} ms; ${share}`)
  for (const line of table) console.error(line)
  if (level >= 3) console.error(printProgram(program))
  if (level >= 4 && !listed.has(program)) {
    listed.add(program)
    console.error(backend.listing?.(program) ?? `[tenon] ${backend.name} makes no code: it runs the text above as it stands`)
  }
  ended = performance.now()
}

const listed = new WeakSet<Program>()

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`
