import { fileURLToPath } from 'node:url'
import { reportFetch, runMain } from '@tenon/app-kit'
import { mnistFiles } from '@tenon/datasets/node'
import { runServer } from './server/run.ts'

await runMain((argv, world) =>
  runServer(argv, {
    ...world,
    folder: fileURLToPath(new URL('page', import.meta.url)),
    readFiles: (out) => mnistFiles({ onProgress: reportFetch(out) }),
  }),
)
