/** The command line: what may be asked for, with its defaults. */
import {
  addBackendsCommand,
  type BackendName,
  backendOption,
  count,
  nameOption,
  parseCommandLine,
  type RunOptions,
  rate,
  resumeOption,
  seedOption,
} from '@tenon/app-kit'
import { Command, Option } from 'commander'
import { type PresetName, presets } from './model.ts'

export type DataName = 'mnist' | 'fashion-mnist'

/** What the command line said; what it did not say is undefined and comes from the preset or the checkpoint. */
export interface TrainOptions extends RunOptions {
  readonly data?: DataName
  readonly epochs?: number
  readonly batchSize?: number
  readonly optimizer?: 'adam' | 'sgd'
  readonly lr?: number
  readonly seed?: number
  readonly limit?: number
  readonly preset?: PresetName
}

export interface PredictOptions {
  readonly checkpoint: string
  readonly backend: BackendName
  readonly images: readonly string[]
}

export type Parsed =
  | { readonly command: 'train'; readonly options: TrainOptions }
  | { readonly command: 'predict'; readonly options: PredictOptions }
  | { readonly command: 'backends' }
  /** --help or --version: the text to print. */
  | { readonly command: 'print'; readonly text: string }

/** Says what `argv` asks for. @throws UsageError with one line that says what is wrong */
export const parseArguments = (argv: readonly string[], version: string): Parsed => {
  let parsed: Parsed | null = null

  const program = new Command('tenon-cnn')
    .description('Trains a convolutional network to tell handwritten digits (or garments) apart.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
    .addOption(new Option('--data <name>', 'images to learn (default: mnist)').choices(['mnist', 'fashion-mnist']))
    .addOption(new Option('--preset <name>', 'model and its defaults (default: small)').choices(Object.keys(presets)))
    .option('--epochs <n>', 'times to go through the images (default: small 2, article 10, tiny 1)', count)
    .option('--batch-size <n>', 'images in a step (default: 64)', count)
    .addOption(new Option('--optimizer <name>', 'rule of the update (default: small and tiny adam, article sgd)').choices(['adam', 'sgd']))
    .option('--lr <x>', 'learning rate, its peak where it falls (default: adam 0.002, sgd 0.01)', rate)
    .addOption(backendOption())
    .addOption(seedOption('the first weights and of the order of the images'))
    .option('--limit <n>', 'use only the first n images for training, and for the test', count)
    .addOption(nameOption('data, preset and time'))
    .addOption(resumeOption())
    .action((options: TrainOptions) => {
      parsed = { command: 'train', options }
    })

  program
    .command('predict')
    .description('Says what is on PNG images of any size.')
    .helpOption('--help', 'print this help')
    .requiredOption('--checkpoint <file>', 'a checkpoint that a training run has left')
    .addOption(backendOption())
    .argument('<image...>', 'PNG files')
    .action((images: string[], options: Omit<PredictOptions, 'images'>) => {
      parsed = { command: 'predict', options: { ...options, images } }
    })

  addBackendsCommand(program, () => {
    parsed = { command: 'backends' }
  })

  const text = parseCommandLine(program, argv)
  return parsed ?? { command: 'print', text: text ?? '' }
}
