/** What may compute, by name. */
import { cpu } from '@tenon/backend-cpu'
import { wasm } from '@tenon/backend-wasm'
import { createBackend, currentBackend, registerBackend, useBackend } from '@tenon/tensor'

export const backendNames = ['cpu', 'wasm'] as const
export type BackendName = (typeof backendNames)[number]

export const chooseBackend = async (name: BackendName): Promise<void> => {
  registerBackend('cpu', cpu)
  registerBackend('wasm', wasm)
  await useBackend(createBackend(name))
}

/** What really runs, then what runs otherwise than asked. */
export const describeBackend = (): string[] => {
  const { backend, details, notes } = currentBackend().report()
  const facts = ['simd', 'threads'].filter((name) => name in details).map((name) => `${name} ${details[name]}`)
  return [`${backend}: ${facts.join(', ')}`, ...notes]
}
