import { runMain } from '@tenon/app-kit'
import { runCli } from './cli.ts'
import { loadData } from './data.ts'

await runMain((argv, world) => runCli(argv, { ...world, loadData }))
