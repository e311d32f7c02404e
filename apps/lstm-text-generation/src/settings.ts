/** What a run is, completely: from the command line and the preset. */
import { type CorpusName, textSource, UsageError } from '@tenon/app-kit'
import type { VocabularyJson } from '@tenon/datasets'
import type { Checkpoint } from '@tenon/train'
import type { CellName } from './model.ts'
import type { TrainOptions } from './options.ts'

/** Kept in every checkpoint. */
export type Settings = {
  readonly command: 'lstm'
  /** Where the text comes from: one of the two is not null. */
  readonly text: string | null
  readonly corpus: CorpusName | null
  readonly cell: CellName
  readonly preset: 'small' | 'tiny'
  /** How long the run is: one of the two is not null. */
  readonly iters: number | null
  readonly epochs: number | null
  readonly batchSize: number
  readonly lr: number
  readonly seed: number
  /** Known once the text is read. */
  readonly sha256: string | null
  readonly vocabulary: VocabularyJson<'char'> | null
}

interface Preset {
  readonly embedding: number
  readonly hidden: number
  readonly layers: number
  /** Characters that a step goes back. */
  readonly window: number
  readonly batchSize: number
  readonly epochs: number
}

export const presets: Readonly<Record<Settings['preset'], Preset>> = {
  small: { embedding: 128, hidden: 128, layers: 2, window: 50, batchSize: 50, epochs: 10 },
  tiny: { embedding: 8, hidden: 16, layers: 1, window: 8, batchSize: 4, epochs: 1 },
}

export const newSettings = (options: TrainOptions): Settings => {
  const { cell = 'lstm', iters = null, lr = 0.002, seed = 1 } = options
  const preset = options.preset === 'tiny' ? 'tiny' : 'small'
  const { batchSize = presets[preset].batchSize, epochs = iters === null ? presets[preset].epochs : null } = options
  return { command: 'lstm', ...textSource(options), cell, preset, iters, epochs, batchSize, lr, seed, sha256: null, vocabulary: null }
}

/** @throws UsageError if the checkpoint is another program's */
export const checkKind = <S extends { readonly command: string }>(checkpoint: Checkpoint<S>, file: string, wanted: S['command']): void => {
  const { command } = checkpoint.settings as { readonly command?: unknown }
  if (command === wanted) return
  if (command === 'article')
    throw new UsageError(`${file} was left by --preset article, which tells names apart; it goes on with that flag, and writes nothing`)
  throw new UsageError(`${file} was left by ${command === 'lstm' ? 'a run on a text' : 'another program'}; choose a checkpoint of this one`)
}
