/** The flags of both commands. */
import { resolve } from 'node:path'
import {
  addSampleOptions,
  addTextOptions,
  backendOption,
  count,
  nameOption,
  type RunOptions,
  rate,
  resumeOption,
  seedOption,
  type TextOptions,
} from '@tenon/app-kit'
import { type Command, Option } from 'commander'
import { type PresetName, presets } from './settings.ts'

export interface GptOptions extends RunOptions, TextOptions {
  readonly names?: string
  readonly preset?: PresetName
  readonly batchSize?: number
  readonly lr?: number
  readonly seed?: number
}

export const defineGpt = (command: Command): Command =>
  addTextOptions(command, { iters: 'default: small 2000, of names 8000; tiny 40' })
    .description('Trains a Transformer that writes like a text, or makes up names.')
    .addOption(
      new Option('--names <file>', 'learn the names in this file, one a line; 1,000 of them are for validation')
        .argParser((file) => resolve(file))
        .conflicts(['text', 'corpus']),
    )
    .addOption(new Option('--preset <name>', 'size of the model, and defaults (default: small)').choices(Object.keys(presets)))
    .option('--batch-size <n>', 'windows of the text, or names, in a step (default: small 12, of names 32; tiny 4)', count)
    .option(
      '--lr <x>',
      'peak of the learning rate, which falls to a tenth of it along a cosine (default: 0.001, small of names 0.003)',
      rate,
    )
    .addOption(backendOption())
    .addOption(seedOption('the first weights, and of what is drawn to learn from'))
    .addOption(nameOption('text, preset and time'))
    .addOption(resumeOption())

export const defineSample = (command: Command): Command =>
  addSampleOptions(command.description('Writes with a model that gpt has trained: a text, or 20 names.'))
