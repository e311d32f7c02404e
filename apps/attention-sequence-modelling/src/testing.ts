/** What this app has from outside, for tests. */
import type { World } from '@tenon/app-kit'
import type { Pronunciation } from '@tenon/datasets/node'
import type { AppWorld } from './command.ts'

export const testAppWorld = (
  world: World,
  { pronunciations = [] }: { readonly pronunciations?: readonly Pronunciation[] } = {},
): AppWorld => ({
  ...world,
  loadPronunciations: () => Promise.resolve(pronunciations),
})
