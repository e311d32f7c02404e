/** The backends that suites run on, and what each does not run, with the reason. */
import { cpu } from '@tenon/backend-cpu'
import { gpujs } from '@tenon/backend-gpujs'
import { wasm } from '@tenon/backend-wasm'
import type { Backend } from '@tenon/kernel'

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
