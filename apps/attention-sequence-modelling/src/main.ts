import { runMain } from '@tenon/app-kit'
import { runCli } from './cli.ts'
import { loadPronunciations } from './seq2seq/dictionary.ts'

await runMain((argv, world) => runCli(argv, { ...world, loadPronunciations }))
