import { runMain } from '@tenon/app-kit'
import { runCli } from './cli.ts'

await runMain(runCli)
