/** Runs a command line and turns errors into lines. */
import { DatasetError } from '@tenon/datasets'
import { TenonError } from '@tenon/tensor'
import packageJson from '../package.json' with { type: 'json' }
import { UsageError } from './errors.ts'
import { parseArguments } from './options.ts'
import { runPredict, runTrain, type World } from './run.ts'

/** Gives the exit code: 2 where the command line is wrong, 1 where something else is. */
export const runCli = async (argv: readonly string[], world: World): Promise<number> => {
  try {
    const parsed = parseArguments(argv, packageJson.version)
    switch (parsed.command) {
      case 'train':
        return await runTrain(parsed.options, world)
      case 'predict':
        return await runPredict(parsed.options, world)
      case 'print':
        world.out.write(parsed.text)
        return 0
    }
  } catch (error) {
    world.err.write(`${describeError(error as Error)}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

/** Where an error was thrown is of interest only if it is a bug. */
const describeError = (error: Error): string => {
  if (process.env['TENON_DEBUG']) return error.stack ?? String(error)
  if ([UsageError, TenonError, DatasetError].some((kind) => error instanceof kind)) return `error: ${error.message}`
  return `${error.name}: ${error.message}\nThis should not happen: please report it, with what TENON_DEBUG=1 shows.`
}
