// Builds an app, if anything it is made of has changed, and runs it in this process, where the user stands.
// As an app's own start script: `node ../../scripts/run-app.mjs ARGS…`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { main } from './run.mjs'
import { turbo } from './turbo.mjs'

export async function runApp(folder, args) {
  const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  turbo(['bundle'], name)

  const file = join(folder, 'dist/main.js')
  if (process.env.INIT_CWD) process.chdir(process.env.INIT_CWD)
  process.argv = [process.argv[0], file, ...args]
  process.setSourceMapsEnabled(true)
  await import(pathToFileURL(file).href)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(() => runApp(process.cwd(), process.argv.slice(2)))
}
