// `npm start`: on a machine that has only Node, install what the main job needs and no more, build it, run it.

import { join } from 'node:path'
import { install } from './pnpm.mjs'
import { main, root } from './run.mjs'
import { runApp } from './run-app.mjs'

const app = 'cnn-image-classification'

await main(async () => {
  install(app)
  await runApp(join(root, 'apps', app), process.argv.slice(2))
})
