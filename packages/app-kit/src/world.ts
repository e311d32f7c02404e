/** What a program has from outside, and how it ends. */
import { TenonError } from '@tenon/tensor'
import { UsageError } from './errors.ts'

/** Tests bring their own. */
export interface World {
  readonly out: NodeJS.WriteStream
  readonly err: NodeJS.WriteStream
  /** From now on an interruption aborts the signal, until `release`. */
  readonly catchInterrupts: () => { readonly signal: AbortSignal; readonly release: () => void }
}

/** Exit code of a program that was stopped by Ctrl-C. */
export const interrupted = 130

/** The terminal. The first Ctrl-C stops the run in order, the second one at once. */
const terminal: World = {
  out: process.stdout,
  err: process.stderr,
  catchInterrupts: () => {
    const controller = new AbortController()
    const abort = (): void => (controller.signal.aborted ? process.exit(interrupted) : controller.abort())
    const signals = ['SIGINT', 'SIGTERM'] as const
    for (const signal of signals) process.on(signal, abort)
    return { signal: controller.signal, release: () => signals.forEach((signal) => process.off(signal, abort)) }
  },
}

/** Runs a program for this process: `await runMain((argv, world) => runCli(argv, { ...world, loadData }))`. */
export const runMain = async (program: (argv: readonly string[], world: World) => Promise<number>): Promise<void> => {
  // What reads our output may leave early, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
  process.exitCode = await program(process.argv.slice(2), terminal)
}

/** The exit code of `body`; an error becomes a line, and gives 2 where the command line is wrong, 1 where something else is. */
export const runProgram = async ({ err }: World, body: () => Promise<number>): Promise<number> => {
  try {
    return await body()
  } catch (error) {
    err.write(`${describeError(error as Error)}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

/** Where an error was thrown is of interest only if it is a bug. */
const describeError = (error: Error): string => {
  if (process.env['TENON_DEBUG']) return error.stack ?? String(error)
  if (error instanceof UsageError || error instanceof TenonError) return `error: ${error.message}`
  return `${error.name}: ${error.message}\nThis should not happen: please report it, with what TENON_DEBUG=1 shows.`
}
