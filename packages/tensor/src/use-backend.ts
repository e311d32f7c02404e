import type { Backend } from '@tenon/kernel'
import { setCurrentBackend } from './backends.ts'
import { moveDefaultGenerator } from './generator.ts'

/**
 * Makes a backend the current one: `await useBackend(wasm())`. The default generator goes on there; other variables that exist stay where they
 * are: `await model.to(backend)` moves a model, `await optimizer.to(backend)` its optimizer.
 */
export async function useBackend(backend: Backend | Promise<Backend>): Promise<Backend> {
  const next = await backend
  await moveDefaultGenerator(next)
  setCurrentBackend(next)
  return next
}
