/** `TENON_DEBUG`: 1 a line for each run, 2 each kernel with its size, 3 the kernels' text. Read once, when the package is loaded. */
import { type Backend, printProgram, type Program } from '@tenon/kernel'

const environment = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
const level = Number(environment?.['TENON_DEBUG'] ?? 0)

export function reportRun(backend: Backend, program: Program, run: () => void): void {
  if (level < 1) {
    run()
    return
  }
  const start = performance.now()
  run()
  const ms = performance.now() - start
  console.error(`[tenon] ${backend.name}: ${program.steps.length} kernels, arena ${program.arenaBytes} B, ${ms.toFixed(2)} ms`)
  if (level >= 3) console.error(printProgram(program))
}
