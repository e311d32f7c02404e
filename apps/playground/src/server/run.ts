/** The server as a program: from its command line until it is interrupted. */
import { runProgram, type World } from '@tenon/app-kit'
import { type DataFiles, readOnce } from './data.ts'
import { parseArguments } from './options.ts'
import { servePlayground } from './server.ts'

/** What the program has from outside. Tests bring their own. */
export interface ServerWorld extends World {
  /** The folder of the bundled page. */
  readonly folder: string
  readonly readFiles: (out: NodeJS.WriteStream) => Promise<DataFiles>
}

/** Serves until it is interrupted, which is how it ends. Gives the exit code. */
export const runServer = (argv: readonly string[], world: ServerWorld): Promise<number> =>
  runProgram(world, async () => {
    const { out, err, folder, readFiles, catchInterrupts } = world
    const options = parseArguments(argv)
    if (typeof options === 'string') {
      out.write(options)
      return 0
    }
    const read = readOnce(() => readFiles(out))
    const { signal, release } = catchInterrupts()
    const { url, close } = await servePlayground(folder, read, options)
    out.write(`The playground is at ${url}\n`)
    // Fetched before anybody asks for them, if they have to be. The page then says the same.
    read().catch((error: Error) => err.write(`error: ${error.message}\nThe page will try again when it is asked to train.\n`))
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await close()
    release()
    return 0
  })
