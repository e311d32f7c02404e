/** What a run is, completely: from the command line and the preset. */
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
