/** What a run is, completely: from the command line and the preset, or from the checkpoint that it goes on from. */
import { UsageError } from './errors.ts'
import { type PresetName, presets } from './model.ts'
import type { DataName, TrainOptions } from './options.ts'

/** Kept in every checkpoint. */
export type Settings = {
  readonly data: DataName
  readonly preset: PresetName
  readonly epochs: number
  readonly batchSize: number
  readonly optimizer: 'adam' | 'sgd'
  readonly lr: number
  readonly seed: number
  readonly limit: number | null
}

const defaultRate: Readonly<Record<Settings['optimizer'], number>> = { adam: 0.002, sgd: 0.01 }

export const newSettings = (options: TrainOptions): Settings => {
  const { data = 'mnist', preset = 'small', batchSize = 64, seed = 1, limit = null } = options
  const { epochs = presets[preset].epochs, optimizer = presets[preset].optimizer } = options
  return { data, preset, epochs, batchSize, optimizer, lr: options.lr ?? defaultRate[optimizer], seed, limit }
}

/**
 * The settings of a resumed run: those saved. Only the number of epochs may be another one.
 *
 * @throws UsageError if an option contradicts them
 */
export const resumedSettings = (options: TrainOptions, saved: Settings, epochsBegun: number): Settings => {
  if (options.name !== undefined) throw new UsageError('--name does not go with --resume: the run goes on in the folder of its checkpoint')
  const { epochs = saved.epochs, ...others } = options
  for (const [key, value] of Object.entries(others)) {
    if (!(key in saved) || saved[key as keyof Settings] === value) continue
    const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new UsageError(
      `--${flag} ${value} contradicts the checkpoint, which was made with ${saved[key as keyof Settings] ?? 'none'}; leave --${flag} out`,
    )
  }
  if (epochs < epochsBegun) {
    throw new UsageError(`--epochs ${epochs} is less than what the run has done: it is in its epoch number ${epochsBegun}`)
  }
  return { ...saved, epochs }
}
