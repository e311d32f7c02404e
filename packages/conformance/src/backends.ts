/** The backends that suites run on, and what each does not run, with the reason. */
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import { makeWasm, usualTuning } from '@tenon/backend-wasm/internal'
import { type Backend, ExprPool, programOf } from '@tenon/kernel'

export interface TestedBackend {
  readonly name: string
  readonly make: () => Backend | Promise<Backend>
  /** Names of samples, each with the reason why it is skipped. */
  readonly skip: Readonly<Record<string, string>>
}

/** Those that every suite runs on. */
export const backends: readonly TestedBackend[] = [
  { name: 'cpu', make: cpu, skip: {} },
  { name: 'wasm', make: wasm, skip: {} },
]

export interface TestedOnOps extends TestedBackend {
  readonly where: 'Node' | 'a browser'
}

/** Those that the suite of ops and kernels runs on, in the order of the columns in docs/support.md. */
export const opBackends: readonly TestedOnOps[] = [
  ...backends.map((backend) => ({ ...backend, where: 'Node' }) as const),
  { name: 'gpujs:cpu', make: () => gpujs({ mode: 'cpu' }), skip: {}, where: 'Node' },
  { name: 'gpujs:webasm', make: () => gpujs({ mode: 'webasm' }), skip: {}, where: 'Node' },
  { name: 'gpujs:webgl2', make: () => gpujs({ mode: 'webgl2' }), skip: {}, where: 'a browser' },
]

/**
 * A backend with so many threads, all of them there, that splits even the small kernels of samples and wakes all threads for each program.
 */
export async function wasmThreads(threads: number): Promise<Backend> {
  const backend = makeWasm({ threads }, { ...usualTuning, worth: { splitting: 0, waking: 0, sharing: 0 } })
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
