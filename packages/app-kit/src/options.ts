/** The pieces of a command line, and how it is read. */
import { type Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type BackendName, backendNames } from './backends.ts'
import { UsageError } from './errors.ts'

/** What every app that trains may be told about a run. */
export interface RunOptions {
  readonly backend: BackendName
  readonly name?: string
  readonly resume?: string
}

/** Reads a number. @param what as in 'It must be a number above 0.' */
export const number =
  (what: string, accept: (value: number) => boolean) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    if (!accept(value)) throw new InvalidArgumentError(`It must be ${what}.`)
    return value
  }

export const count: (text: string) => number = number('a whole number above 0', (value) => Number.isSafeInteger(value) && value > 0)
export const rate: (text: string) => number = number('a number above 0', (value) => Number.isFinite(value) && value > 0)
const seed = number('a whole number from 0 to 2³² − 1', (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32)

const folderName = (text: string): string => {
  if (!/^[\w][\w.-]*$/.test(text)) throw new InvalidArgumentError('It may have letters, digits, dots, dashes and underscores.')
  return text
}

export const backendOption = (): Option => new Option('--backend <name>', 'what computes').choices(backendNames).default('wasm')

/** The command that says what may stand behind --backend here. */
export const addBackendsCommand = (program: Command, action: () => void): Command =>
  program
    .command('backends')
    .description('Says which backends run here, and why others do not.')
    .helpOption('--help', 'print this help')
    .action(action)

/** @param of what depends on it: 'the first weights and of the order of the images' */
export const seedOption = (of: string): Option => new Option('--seed <n>', `of ${of} (default: 1)`).argParser(seed)

/** @param standard what the name is made of: 'data, preset and time' */
export const nameOption = (standard: string): Option =>
  new Option('--name <name>', `of the folder in runs/ (default: ${standard})`).argParser(folderName)

export const resumeOption = (): Option => new Option('--resume <file>', 'go on from a checkpoint, with its settings')

/**
 * Hands `argv` to the actions of a program and its commands. Gives what --help or --version print; null if an action ran.
 *
 * @throws UsageError with one line that says what is wrong
 */
export const parseCommandLine = (program: Command, argv: readonly string[]): string | null => {
  let printed: string | null = null
  program.enablePositionalOptions() // What stands behind a command is the command's, though the program has a flag of that name.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeOut: (text) => (printed = (printed ?? '') + text), writeErr: () => {} })
  }
  try {
    // `pnpm start -- --epochs 1` hands the two dashes on.
    program.parse(argv[0] === '--' ? argv.slice(1) : argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    const names = program.commands.map((command) => command.name())
    if (error.code === 'commander.excessArguments' && !names.includes(program.args[0]!)) {
      const known = names.length === 1 ? `the only one is ${names[0]}` : `they are ${names.join(', ')}`
      throw new UsageError(`unknown command '${program.args[0]}'; ${known}, without one the network is trained`)
    }
    if (error.exitCode !== 0) throw new UsageError(oneLine(error.message))
  }
  return printed
}

/** `error: unknown option '--epoch'\n(Did you mean --epochs?)` → `unknown option '--epoch' (Did you mean --epochs?)` */
const oneLine = (message: string): string => message.replace(/^error: /, '').replaceAll(/\s*\n\s*/g, ' ')
