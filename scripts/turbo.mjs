// `node scripts/turbo.mjs TASK…`: turbo without telemetry, and without its chatter as long as all goes well.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { providePnpm } from './pnpm.mjs'
import { main, phase, root, run } from './run.mjs'

/** Runs `tasks` of all packages, or of the one named `project`. */
export function turbo(tasks, project) {
  providePnpm()
  const done = phase([...tasks, project].filter(Boolean).join(' '))
  const filter = project ? [`--filter=${project}`] : []
  run(join(root, 'node_modules/.bin/turbo'), ['run', ...tasks, ...filter, '--output-logs=errors-only'])
  done()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(() => turbo(process.argv.slice(2)))
