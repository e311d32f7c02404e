// Bundles the page and its worker into a folder: `node src/bundle-page.mjs FOLDER`.

import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const source = fileURLToPath(new URL('page', import.meta.url))
const folder = resolve(process.argv[2])

await rm(folder, { recursive: true, force: true })
await mkdir(folder, { recursive: true })
await build({
  entryPoints: { page: join(source, 'main.ts'), worker: join(source, '../worker/main.ts'), style: join(source, 'style.css') },
  outdir: folder,
  bundle: true,
  // gpu.js stays in a file of its own, for those who choose it.
  splitting: true,
  format: 'esm',
  target: 'es2022',
  minify: true,
  sourcemap: true,
  logLevel: 'warning',
})
for (const name of ['index.html', 'icon.svg']) await copyFile(join(source, name), join(folder, name))
