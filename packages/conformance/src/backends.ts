/** The backends that every suite runs on, and what each does not run, with the reason. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { makeWasm, usualTuning } from '@tenon/backend-wasm/internal'
import { type Backend, ExprPool, programOf } from '@tenon/kernel'

export interface TestedBackend {
  readonly name: string
  readonly make: () => Backend | Promise<Backend>
  /** Names of samples, each with the reason why it is skipped. */
  readonly skip: Readonly<Record<string, string>>
}

export const backends: readonly TestedBackend[] = [
  { name: 'cpu', make: cpu, skip: {} },
  { name: 'wasm', make: wasm, skip: {} },
]

/**
 * A backend with so many threads, all of them there, that splits even the small kernels of samples and wakes all threads for each program.
 */
export async function wasmThreads(threads: number): Promise<Backend> {
  const backend = makeWasm({ threads }, { ...usualTuning, worth: { splitting: 0, waking: 0 } })
  await untilThreadsRun(backend)
  return backend
}

/** Has something computed that starts the threads, and waits for them. */
export async function untilThreadsRun(backend: Backend): Promise<void> {
  const length = 1 << 20
  const pool = new ExprPool()
  const stages = [{ kind: 'store', extents: [], buffer: 0, index: pool.index(0, length), value: pool.literal('float32', 1) } as const]
  backend.compile(programOf({ kind: 'loop', buffers: [{ dtype: 'float32', length }], scalars: [], grid: [length], stages }))
  while (backend.report().details['workers'] === 'starting') await new Promise((resolve) => setTimeout(resolve, 5))
}
