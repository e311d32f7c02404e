/** The command line of the server. */
import { number, parseCommandLine } from '@tenon/app-kit'
import { Command } from 'commander'

export interface ServerOptions {
  readonly port: number
  readonly host: string
  /** COOP and COEP headers, with which the page has SharedArrayBuffer. */
  readonly isolation: boolean
  /** Lets the page make code from text, which gpu.js needs in its mode cpu. */
  readonly allowEval: boolean
}

const port = number('a port, 0 to 65535', (value) => Number.isInteger(value) && value >= 0 && value < 65536)

/** What `argv` asks for, or the text that --help prints. @throws UsageError with one line that says what is wrong */
export const parseArguments = (argv: readonly string[]): ServerOptions | string => {
  const program = new Command('tenon-playground')
    .description('Serves a page that trains a network on MNIST, and the digits.')
    .helpOption('--help', 'print this help')
    .option('--port <n>', 'where to listen; if it is taken, a free one is found', port, 8080)
    .option('--host <address>', 'whom to listen to; 0.0.0.0 lets a phone in the same network see the page', '127.0.0.1')
    .option('--no-isolation', 'leave out the COOP and COEP headers')
    .option('--allow-eval', "allow the page 'unsafe-eval', for mode cpu of gpu.js", false)
    .allowExcessArguments(false)
    .action(() => {})
  return parseCommandLine(program, argv) ?? program.opts<ServerOptions>()
}
