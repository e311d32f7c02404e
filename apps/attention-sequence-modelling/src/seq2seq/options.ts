/** The flags of both commands. */
import { resolve } from 'node:path'
import { type BackendName, backendOption, count, nameOption, type RunOptions, rate, resumeOption, seedOption } from '@tenon/app-kit'
import { type Command, Option } from 'commander'
import { type ModelName, models, type PresetName } from './model.ts'

export interface Seq2seqOptions extends RunOptions {
  readonly model?: ModelName
  readonly preset?: PresetName
  readonly epochs?: number
  readonly batchSize?: number
  readonly lr?: number
  readonly seed?: number
  readonly limit?: number
}

export const defineSeq2seq = (command: Command): Command =>
  command
    .description('Trains an encoder-decoder that says how a word is spoken.')
    .addOption(new Option('--model <name>', 'what learns (default: transformer)').choices(Object.keys(models)))
    .addOption(new Option('--preset <name>', 'its size, and defaults (default: small)').choices(Object.keys(models.transformer)))
    .option('--epochs <n>', 'times to go through the words (default: small 4, tiny 1)', count)
    .option('--batch-size <n>', 'words in a step (default: 128)', count)
    .option('--lr <x>', 'peak of the learning rate, which rises for a tenth of the run and then falls to 0 (default: 0.002)', rate)
    .addOption(backendOption())
    .addOption(seedOption('the first weights, of the order of the words, and of which ones are for the test'))
    .option('--limit <n>', 'use only n words to train on, and as many for the test at most', count)
    .addOption(nameOption('model, preset and time'))
    .addOption(resumeOption())

export interface PronounceOptions {
  readonly checkpoint: string
  readonly backend: BackendName
  readonly map?: string
}

export const definePronounce = (command: Command): Command =>
  command
    .description('Says how words are spoken, with a model that seq2seq has trained.')
    .requiredOption('--checkpoint <file>', 'a checkpoint that seq2seq has left')
    .option('--map <file>', 'draw where the model looks while it says the first word, as SVG', (file) => resolve(file))
    .addOption(backendOption())
    .argument('<word...>', 'words in letters and apostrophes')
