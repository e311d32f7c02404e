// Writes docs/support.md from what the suites run; the test that says so writes it, as it does a snapshot. `--check` writes nothing and fails
// where the file is out of date.
import { join } from 'node:path'
import { main, root, run } from './run.mjs'

const test = 'packages/conformance/src/support-table.test.ts'
await main(() =>
  run(join(root, 'node_modules/.bin/vitest'), ['run', test, ...(process.argv.includes('--check') ? [] : ['--update'])], {
    env: { CI: 'true' },
  }),
)
