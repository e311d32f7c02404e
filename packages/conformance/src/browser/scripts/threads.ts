/** Sums that two threads are worth, computed wherever this is called. */
import { type WasmOptions, wasm } from '@tenon/backend-wasm'
import type { BackendReport } from '@tenon/kernel'
import { tensor, useBackend } from '@tenon/tensor'

export interface Threaded {
  /** Of 2²⁰ ones, while the threads are started and afterwards. */
  readonly sums: readonly number[]
  readonly report: BackendReport
}

export async function sumOnThreads(options: WasmOptions = {}): Promise<Threaded> {
  const backend = await useBackend(wasm({ threads: 2, ...options }))
  const x = tensor(new Float32Array(2 ** 20).fill(1), [1024, 1024])
  const sum = (): Promise<number> => x.mul(x).sum().item()
  const sums = [await sum()]
  while (backend.report().details['workers'] === 'starting') await new Promise((resolve) => setTimeout(resolve, 5))
  for (let i = 0; i < 3; i++) sums.push(await sum())
  const report = backend.report()
  backend.dispose()
  return { sums, report }
}
