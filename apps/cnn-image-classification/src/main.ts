import { runCli } from './cli.ts'
import { loadData, type World } from './run.ts'

/** The first Ctrl-C stops the run in order, the second one at once. */
const catchInterrupts: World['catchInterrupts'] = () => {
  const controller = new AbortController()
  const abort = (): void => (controller.signal.aborted ? process.exit(130) : controller.abort())
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.on(signal, abort)
  return { signal: controller.signal, release: () => signals.forEach((signal) => process.off(signal, abort)) }
}

// What reads our output may leave early, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const world: World = { out: process.stdout, err: process.stderr, loadData, catchInterrupts }
process.exitCode = await runCli(process.argv.slice(2), world)
