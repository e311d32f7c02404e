import { listBackends, runProgram } from '@tenon/app-kit'
import packageJson from '../package.json' with { type: 'json' }
import { parseArguments } from './options.ts'
import { type AppWorld, runPredict, runTrain } from './run.ts'

/** Runs a command line. Gives the exit code. */
export const runCli = (argv: readonly string[], world: AppWorld): Promise<number> =>
  runProgram(world, async () => {
    const parsed = parseArguments(argv, packageJson.version)
    switch (parsed.command) {
      case 'train':
        return await runTrain(parsed.options, world)
      case 'predict':
        return await runPredict(parsed.options, world)
      case 'backends':
        world.out.write(await listBackends())
        return 0
      case 'print':
        world.out.write(parsed.text)
        return 0
    }
  })
