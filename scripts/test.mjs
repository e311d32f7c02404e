// `npm test`: on a machine that has only Node, install everything and run all tests. `npm test -- packages/nn` runs some.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { install } from './pnpm.mjs'
import { main, root } from './run.mjs'

await main(() => {
  install()
  const vitest = join(root, 'node_modules/.bin/vitest')
  const { status } = spawnSync(vitest, ['run', ...process.argv.slice(2)], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  process.exitCode = status ?? 1
})
