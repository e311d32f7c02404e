import { fileURLToPath } from 'node:url'
import type { Template } from '@tenon/create-kit'

/** A package with a layer: `MyLayer` in `tenon-my-layer`, and one call of `describeLayer` that tests it. */
export const layerTemplate: Template = {
  kind: 'layer',
  folder: fileURLToPath(new URL('../template', import.meta.url)),
  prefixes: ['tenon-', 'nn-'],
  gives: 'class',
}
