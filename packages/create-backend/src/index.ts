import { fileURLToPath } from 'node:url'
import type { Template } from '@tenon/create-kit'

/** A package with a backend: `myBackend` in `tenon-my-backend`, and one call of `describeBackend` that tests it. */
export const backendTemplate: Template = {
  kind: 'backend',
  folder: fileURLToPath(new URL('../template', import.meta.url)),
  prefixes: ['tenon-', 'backend-'],
  gives: 'function',
}
