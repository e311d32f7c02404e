/** What a run is, completely: from the command line and the preset. */
import { type CorpusName, resumedSettings, type TextOptions, textSource, UsageError } from '@tenon/app-kit'
import type { VocabularyJson } from '@tenon/datasets'
import type { Checkpoint } from '@tenon/train'
import type { GptOptions } from './options.ts'

/** Kept in every checkpoint. */
export type Settings = {
  readonly command: 'gpt'
  /** Where the text comes from: one of the three is not null. */
  readonly text: string | null
  readonly corpus: CorpusName | null
  readonly names: string | null
  readonly preset: PresetName
  /** How long the run is: one of the two is not null. */
  readonly iters: number | null
  readonly epochs: number | null
  readonly batchSize: number
  readonly lr: number
  readonly seed: number
  /** Known once the text is read. */
  readonly sha256: string | null
  readonly vocabulary: VocabularyJson<'char'> | null
  /** Tokens that the model sees at a time. */
  readonly blockSize: number | null
  /** Windows, or names, that make an epoch. */
  readonly epochSize: number | null
}

export type PresetName = 'small' | 'tiny'

interface Preset {
  /** Tokens in a window; names take as many as the longest needs. */
  readonly blockSize: number
  readonly layers: number
  readonly heads: number
  readonly width: number
  readonly batchSize: number
  readonly iters: number
  /** Peak of the learning rate. */
  readonly lr: number
  /** Iterations from one look at the held-out part to the next. */
  readonly evalEvery: number
  readonly warmUp: number
}

/** `small` for a text is nanoGPT's setting for a CPU, for names about makemore's. */
export const presets: Readonly<Record<PresetName, Readonly<Record<'text' | 'names', Preset>>>> = {
  small: {
    text: { blockSize: 64, layers: 4, heads: 4, width: 128, batchSize: 12, iters: 2000, lr: 0.001, evalEvery: 250, warmUp: 100 },
    names: { blockSize: 64, layers: 4, heads: 4, width: 64, batchSize: 32, iters: 8000, lr: 0.003, evalEvery: 500, warmUp: 100 },
  },
  tiny: {
    text: { blockSize: 16, layers: 1, heads: 2, width: 16, batchSize: 4, iters: 40, lr: 0.001, evalEvery: 20, warmUp: 5 },
    names: { blockSize: 16, layers: 1, heads: 2, width: 16, batchSize: 4, iters: 40, lr: 0.001, evalEvery: 20, warmUp: 5 },
  },
}

export const presetOf = ({ preset, names }: Pick<Settings, 'preset' | 'names'>): Preset =>
  presets[preset][names === null ? 'text' : 'names']

export const newSettings = (options: GptOptions): Settings => {
  const { names = null, preset = 'small', epochs = null, seed = 1 } = options
  const standard = presetOf({ preset, names })
  const { batchSize = standard.batchSize, lr = standard.lr, iters = epochs === null ? standard.iters : null } = options
  const source = names === null ? textSource(options satisfies TextOptions) : { text: null, corpus: null }
  const unread = { sha256: null, vocabulary: null, blockSize: null, epochSize: null }
  return { command: 'gpt', ...source, names, preset, iters, epochs, batchSize, lr, seed, ...unread }
}

/** Those of a run that goes on, which may become longer. @throws UsageError if an option contradicts them */
export const goOn = (options: GptOptions, { settings, position }: Checkpoint<Settings>): Settings => {
  const done = position.epoch * presetOf(settings).evalEvery + position.step
  if (settings.iters !== null) return resumedSettings(options, settings, 'iters', done)
  // The last step may begin in one epoch and end in the next.
  const begun = Math.floor(((done - 1) * settings.batchSize) / settings.epochSize!) + 1
  return resumedSettings(options, settings, 'epochs', begun)
}

/** @throws UsageError if it is a checkpoint of another command or app */
export const checkKind = (checkpoint: Checkpoint<Settings>, file: string): void => {
  const { command } = checkpoint.settings
  if (command === 'gpt') return
  throw new UsageError(
    `${file} was left by ${typeof command === 'string' ? command : 'another program'}, not by gpt; choose one of its checkpoints`,
  )
}
