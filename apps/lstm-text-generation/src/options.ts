/** The command line: what may be asked for, with its defaults. */
import {
  addBackendsCommand,
  addSampleOptions,
  addTextOptions,
  backendOption,
  count,
  nameOption,
  parseCommandLine,
  type RunOptions,
  rate,
  resumeOption,
  type SampleOptions,
  seedOption,
  type TextOptions,
} from '@tenon/app-kit'
import { Command, Option } from 'commander'
import { type CellName, cells } from './model.ts'

export type PresetName = 'small' | 'article' | 'tiny'

/** What the command line said; what it did not say is undefined and comes from the preset or the checkpoint. */
export interface TrainOptions extends RunOptions, TextOptions {
  readonly cell?: CellName
  readonly preset?: PresetName
  readonly batchSize?: number
  readonly lr?: number
  readonly seed?: number
}

export type Parsed =
  | { readonly command: 'train'; readonly options: TrainOptions }
  | { readonly command: 'sample'; readonly options: SampleOptions }
  | { readonly command: 'backends' }
  /** --help or --version: the text to print. */
  | { readonly command: 'print'; readonly text: string }

/** Says what `argv` asks for. @throws UsageError with one line that says what is wrong */
export const parseArguments = (argv: readonly string[], version: string): Parsed => {
  let parsed: Parsed | null = null

  const program = new Command('tenon-lstm')
    .description('Trains a recurrent network that writes like a text, character by character.')
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this help')
  addTextOptions(program, { epochs: 'default: small and article 10, tiny 1' })
    .addOption(new Option('--cell <name>', 'what remembers (default: lstm)').choices(Object.keys(cells)))
    .addOption(
      new Option(
        '--preset <name>',
        'size of the model, and defaults; article is another task: first names by the list they come from (default: small)',
      ).choices(['small', 'article', 'tiny']),
    )
    .option('--batch-size <n>', 'places of the text that are read side by side (default: small 50, tiny 4), or names (32)', count)
    .option('--lr <x>', 'learning rate (default: 0.002, article 0.001)', rate)
    .addOption(backendOption())
    .addOption(seedOption('the first weights, and in article of the order of the names'))
    .addOption(nameOption('text, preset and time'))
    .addOption(resumeOption())
    .action((options: TrainOptions) => {
      parsed = { command: 'train', options }
    })

  addSampleOptions(
    program.command('sample').description('Writes with a model that was trained.').helpOption('--help', 'print this help'),
  ).action((options: SampleOptions) => {
    parsed = { command: 'sample', options }
  })

  addBackendsCommand(program, () => {
    parsed = { command: 'backends' }
  })

  const text = parseCommandLine(program, argv)
  return parsed ?? { command: 'print', text: text ?? '' }
}
