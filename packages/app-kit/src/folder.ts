/** A run's folder and the settings that it goes on with. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Checkpoint, Json } from '@tenon/train'
import { loadCheckpoint } from '@tenon/train/node'
import { chooseBackend } from './backends.ts'
import { UsageError } from './errors.ts'
import type { RunOptions } from './options.ts'

export interface RunFiles {
  readonly checkpoint: string
  readonly metrics: string
  readonly curves: string
}

export const runFiles = (folder: string): RunFiles => ({
  checkpoint: join(folder, 'checkpoint.safetensors'),
  metrics: join(folder, 'metrics.jsonl'),
  curves: join(folder, 'curves.svg'),
})

export interface Preparation<S extends Json> {
  /** The settings of a new run, or of one that goes on from a checkpoint. */
  readonly settings: (checkpoint: Checkpoint<S> | null) => S
  /** What a new run's folder is called, with the time behind it, where --name does not say. */
  readonly name: (settings: S) => string
}

export interface Prepared<S extends Json> {
  readonly settings: S
  readonly checkpoint: Checkpoint<S> | null
  readonly folder: string
}

/**
 * What comes before the data: reads the checkpoint of --resume, settles what the run is, finds its folder, and chooses
 * the backend.
 *
 * @throws CheckpointError; UsageError where the options contradict the checkpoint or the folder holds a run already
 */
export const prepareRun = async <S extends Json>(options: RunOptions, { settings: settle, name }: Preparation<S>): Promise<Prepared<S>> => {
  const checkpoint = options.resume === undefined ? null : await loadCheckpoint<S>(options.resume)
  const settings = settle(checkpoint)
  const folder = options.resume === undefined ? newFolder(options.name ?? timed(name(settings))) : dirname(options.resume)
  await chooseBackend(options.backend)
  return { settings, checkpoint, folder }
}

const timed = (name: string): string => `${name}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}`

const newFolder = (name: string): string => {
  const folder = join('runs', name)
  const { checkpoint } = runFiles(folder)
  if (!existsSync(checkpoint)) return folder
  throw new UsageError(`${folder} holds a run already; choose another --name, or go on with --resume ${checkpoint}`)
}

/**
 * The settings of a resumed run: those saved. Only its length may be another one.
 *
 * @param length the setting that says how long the run is
 * @param begun how many of these it has begun: its epoch 1, at whatever step, is its second
 * @throws UsageError if an option contradicts them
 */
export const resumedSettings = <S extends { readonly [key: string]: Json }>(
  options: object,
  saved: S,
  length: keyof S & ('epochs' | 'iters'),
  begun: number,
): S => {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  if (given.some(([name]) => name === 'name')) {
    throw new UsageError('--name does not go with --resume: the run goes on in the folder of its checkpoint')
  }
  const wanted: number = given.find(([name]) => name === length)?.[1] ?? saved[length]
  for (const [name, value] of given) {
    if (name === length || !(name in saved) || saved[name] === value) continue
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new UsageError(`--${flag} ${value} contradicts the checkpoint, which was made with ${saved[name] ?? 'none'}; leave --${flag} out`)
  }
  if (wanted < begun) {
    const unit = length === 'epochs' ? 'epoch' : 'iteration'
    throw new UsageError(`--${length} ${wanted} is less than what the run has done: it is in its ${unit} number ${begun}`)
  }
  return { ...saved, [length]: wanted }
}
