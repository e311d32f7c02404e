import { runMain } from '@tenon/app-kit'
import { loadFirstNames } from './article/data.ts'
import { runCli } from './cli.ts'

await runMain((argv, world) => runCli(argv, { ...world, loadFirstNames }))
