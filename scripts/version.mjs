// `pnpm version-packages`, in the root of the workspace: changesets become versions and changelogs, and @tenon/tensor is told its version.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, root, run } from './run.mjs'

await main(() => {
  run(join(root, 'node_modules/.bin/changeset'), ['version'], { cwd: process.cwd() })
  const { version } = JSON.parse(readFileSync('packages/tensor/package.json', 'utf8'))
  const file = 'packages/tensor/src/version.ts'
  writeFileSync(file, readFileSync(file, 'utf8').replace(/'.*'/, `'${version}'`))
})
