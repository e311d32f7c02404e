/** The command line: what may be asked for, with its defaults. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { UsageError } from './errors.ts'
import { type PresetName, presets } from './model.ts'

export type DataName = 'mnist' | 'fashion-mnist'
export type BackendName = 'cpu' | 'wasm'

/** What the command line said; what it did not say is undefined and comes from the preset or the checkpoint. */
export interface TrainOptions {
  readonly data?: DataName
  readonly epochs?: number
  readonly batchSize?: number
  readonly optimizer?: 'adam' | 'sgd'
  readonly lr?: number
  readonly backend: BackendName
  readonly seed?: number
  readonly resume?: string
  readonly limit?: number
  readonly preset?: PresetName
  readonly name?: string
}

export interface PredictOptions {
  readonly checkpoint: string
  readonly backend: BackendName
  readonly images: readonly string[]
}

export type Parsed =
  | { readonly command: 'train'; readonly options: TrainOptions }
  | { readonly command: 'predict'; readonly options: PredictOptions }
  /** --help or --version: the text to print. */
  | { readonly command: 'print'; readonly text: string }

const number =
  (what: string, accept: (value: number) => boolean) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (!accept(value)) throw new InvalidArgumentError(`It must be ${what}.`)
    return value
  }

const count = number('a whole number above 0', (value) => Number.isSafeInteger(value) && value > 0)
const rate = number('a number above 0', (value) => Number.isFinite(value) && value > 0)
const seed = number('a whole number from 0 to 2³² − 1', (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)

const folderName = (text: string): string => {
  if (!/^[\w][\w.-]*$/.test(text)) throw new InvalidArgumentError('It may have letters, digits, dots, dashes and underscores.')
  return text
}

const backendOption = (): Option => new Option('--backend <name>', 'what computes').choices(['cpu', 'wasm']).default('wasm')

/** Says what `argv` asks for. @throws UsageError with one line that says what is wrong */
export const parseArguments = (argv: readonly string[], version: string): Parsed => {
  let parsed: Parsed | null = null
  let printed = ''

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
    .option('--seed <n>', 'of the first weights and of the order of the images (default: 1)', seed)
    .option('--limit <n>', 'use only the first n images for training, and for the test', count)
    .option('--name <name>', 'of the folder in runs/ (default: data, preset and time)', folderName)
    .option('--resume <file>', 'go on from a checkpoint, with its settings')
    .action((options: TrainOptions) => {
      parsed = { command: 'train', options }
    })

  const predict = program
    .command('predict')
    .description('Says what is on PNG images of any size.')
    .helpOption('--help', 'print this help')
    .requiredOption('--checkpoint <file>', 'a checkpoint that a training run has left')
    .addOption(backendOption())
    .argument('<image...>', 'PNG files')
    .action((images: string[], options: Omit<PredictOptions, 'images'>) => {
      parsed = { command: 'predict', options: { ...options, images } }
    })

  for (const command of [program, predict]) {
    command.exitOverride().configureOutput({ writeOut: (text) => (printed += text), writeErr: () => {} })
  }
  try {
    // `pnpm start -- --epochs 1` hands the two dashes on.
    program.parse(argv[0] === '--' ? argv.slice(1) : argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.code === 'commander.excessArguments') {
      throw new UsageError(`unknown command '${program.args[0]}'; the only one is predict, without one the network is trained`)
    }
    if (error.exitCode !== 0) throw new UsageError(oneLine(error.message))
  }
  return parsed ?? { command: 'print', text: printed }
}

/** `error: unknown option '--epoch'\n(Did you mean --epochs?)` → `unknown option '--epoch' (Did you mean --epochs?)` */
const oneLine = (message: string): string => message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
