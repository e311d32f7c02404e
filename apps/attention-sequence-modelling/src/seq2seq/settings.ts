/** What a run is, completely: from the command line and the preset. */
import { UsageError } from '@tenon/app-kit'
import type { Checkpoint } from '@tenon/train'
import type { ModelName, PresetName } from './model.ts'
import type { Seq2seqOptions } from './options.ts'

/** Kept in every checkpoint. */
export type Settings = {
  readonly command: 'seq2seq'
  readonly model: ModelName
  readonly preset: PresetName
  readonly epochs: number
  readonly batchSize: number
  readonly lr: number
  readonly seed: number
  readonly limit: number | null
}

const epochsOf: Readonly<Record<PresetName, number>> = { small: 4, tiny: 1 }

export const newSettings = ({ model = 'transformer', preset = 'small', ...options }: Seq2seqOptions): Settings => {
  const { epochs = epochsOf[preset], batchSize = 128, lr = 0.002, seed = 1, limit = null } = options
  return { command: 'seq2seq', model, preset, epochs, batchSize, lr, seed, limit }
}

/** @throws UsageError if it is a checkpoint of another command or app */
export const checkKind = (checkpoint: Checkpoint<Settings>, file: string): void => {
  const { command } = checkpoint.settings
  if (command === 'seq2seq') return
  throw new UsageError(
    `${file} was left by ${typeof command === 'string' ? command : 'another program'}, not by seq2seq; choose one of its checkpoints`,
  )
}
