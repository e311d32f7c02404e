// `npm run reference`: the docstrings of all packages, the guides and the READMEs as a site, docs/dist/index.html. Fails where a link leads nowhere or
// an exported name has no docstring.

import { join } from 'node:path'
import { install } from './pnpm.mjs'
import { main, phase, root, run } from './run.mjs'

await main(() => {
  install()
  const folder = join(root, 'docs')
  const done = phase('reference')
  run(join(folder, 'node_modules/.bin/typedoc'), [], { cwd: folder })
  done()
  console.log(join(folder, 'dist/index.html'))
})
