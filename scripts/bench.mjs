// `npm run bench -- [workload…]`: installs, builds and runs the benchmarks.

import { join } from 'node:path'
import { install } from './pnpm.mjs'
import { main, root } from './run.mjs'
import { runApp } from './run-app.mjs'

await main(async () => {
  install()
  await runApp(join(root, 'benchmarks'), process.argv.slice(2))
})
