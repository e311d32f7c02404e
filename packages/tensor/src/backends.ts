/** Which backend tensors run on, and the names that apps give to some. */
import { cpu } from '@tenon/backend-cpu'
import { type Backend, BackendError, type BackendReport } from '@tenon/kernel'

/** Makes a backend for `registerBackend`. */
export type BackendFactory = () => Backend | Promise<Backend>

let current: Backend | null = null
const factories = new Map<string, BackendFactory>()

/** The backend that new variables and results live on: the embedded CPU one until `useBackend` chose another. */
export function currentBackend(): Backend {
  current ??= cpu()
  return current
}

export function setCurrentBackend(backend: Backend): void {
  current = backend
}

/** Lets `createBackend(name)` find a backend. No name is known before somebody registers it. */
export function registerBackend(name: string, factory: BackendFactory): void {
  factories.set(name, factory)
}

/** The names that `registerBackend` was told. */
export const backendNames = (): string[] => [...factories.keys()]

/** A backend by the name that it was registered under. */
export async function createBackend(name: string): Promise<Backend> {
  const factory = factories.get(name)
  if (!factory)
    throw new BackendError(
      `There is no backend "${name}"; registered are ${backendNames().join(', ') || 'none'}. Add one with registerBackend(name, factory)`,
    )
  return factory()
}

/** What the current backend holds: buffers, their bytes, and the bytes of the arena for temporaries. */
export const memory = (): BackendReport['memory'] => currentBackend().report().memory
