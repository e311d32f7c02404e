/** The backends that every suite runs on, and what each does not run, with the reason. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import type { Backend } from '@tenon/kernel'

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
