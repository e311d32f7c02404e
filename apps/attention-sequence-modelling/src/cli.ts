import { addBackendsCommand, listBackends, parseCommandLine, runProgram } from '@tenon/app-kit'
import { Command } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import type { AppCommand, AppWorld } from './command.ts'
import { gpt, sample } from './gpt/run.ts'
import { pronounce, seq2seq } from './seq2seq/run.ts'

/** In the order of --help. The first one runs where none is named. */
const commands = { gpt, sample, seq2seq, pronounce } satisfies Record<string, AppCommand<never>>

/** Runs a command line. Gives the exit code. */
export const runCli = (argv: readonly string[], world: AppWorld): Promise<number> =>
  runProgram(world, async () => {
    let chosen: (() => Promise<number>) | null = null
    const program = new Command('tenon-attention')
      .description('Trains Transformers on sequences, and uses them.')
      .version(packageJson.version, '--version', 'print the version')
      .helpOption('--help', 'print this help')
    for (const [i, [name, { define, run }]] of Object.entries<AppCommand<object>>(commands).entries()) {
      const command = program.command(name, { isDefault: i === 0 }).helpOption('--help', 'print this help')
      define(command)
      command.action(() => {
        chosen = () => run(command.opts(), world, command.args)
      })
    }
    addBackendsCommand(program, () => {
      chosen = async () => {
        world.out.write(await listBackends())
        return 0
      }
    })
    const printed = parseCommandLine(program, argv)
    if (printed !== null) world.out.write(printed)
    return (await (chosen as (() => Promise<number>) | null)?.()) ?? 0
  })
