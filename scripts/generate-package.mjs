// `turbo gen layer` and `turbo gen backend`, or `node scripts/generate-package.mjs layer NAME`: a package of this workspace, from the template that
// everybody gets with `npm create @tenon/layer`. What differs is what the workspace has once for all of its packages.

import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundled } from './bundled.mjs'
import { main, root, run } from './run.mjs'

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`)

/** Makes packages/NAME in the workspace at `workspace`. Gives its folder. */
export async function generatePackage(kind, name, workspace) {
  const { createPackage, UsageError } = await bundled('packages/create-kit/src/index.ts')
  const { [`${kind}Template`]: template } = await bundled(`packages/create-${kind}/src/index.ts`)
  // check-deps.mjs knows a backend by its name.
  if (kind === 'backend' && !name.startsWith('backend-')) throw new UsageError(`here a backend is called backend-${name}`)
  const folder = join(workspace, 'packages', name)
  createPackage({ ...template, folder: join(root, 'packages', `create-${kind}`, 'template') }, `@tenon/${name}`, folder)

  const manifest = workspaceManifest(readJson(join(folder, 'package.json')), name)
  writeJson(join(folder, 'package.json'), manifest)
  for (const file of ['LICENSE', '.gitignore', 'vitest.config.ts']) rmSync(join(folder, file))
  for (const file of ['tsconfig.json', 'tsconfig.build.json']) copyFileSync(join(root, 'packages/nn', file), join(folder, file))
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  writeFileSync(join(folder, 'README.md'), readme.replace(/\n## Development\n.*$/s, ''))
  const changeset = `---\n"${manifest.name}": minor\n---\n\n${manifest.description}.\n`
  writeFileSync(join(workspace, '.changeset', `new-${name}.md`), changeset)
  return folder
}

/** Packages resolve to their sources here, and find each other in the workspace; the root has the tools. */
function workspaceManifest(manifest, name) {
  const { name: fullName, version, description, keywords, license, files, exports, publishConfig, scripts, ...rest } = manifest
  const { dependencies, peerDependencies, devDependencies, ...settings } = rest
  const ours = (list, range) =>
    list && Object.fromEntries(Object.keys(list).flatMap((other) => (other.startsWith('@tenon/') ? [[other, range]] : [])))
  return {
    ...{ name: fullName, version, description, keywords, license },
    repository: { ...readJson(join(root, 'package.json')).repository, directory: `packages/${name}` },
    ...settings,
    files: [...files, 'CHANGELOG.md'],
    exports: { '.': './src/index.ts' },
    publishConfig: { ...publishConfig, exports },
    scripts: { build: scripts.build },
    dependencies: ours(dependencies, 'workspace:^'),
    peerDependencies,
    devDependencies: ours(devDependencies, 'workspace:*'),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [kind, name] = process.argv.slice(2)
  await main(async () => {
    try {
      const folder = await generatePackage(kind, name, root)
      run(join(root, 'node_modules/.bin/biome'), ['check', '--write', folder]) // its names are not as long as the template's
      console.log(`packages/${name} and its changeset: now pnpm install, pnpm exec vitest run packages/${name}, and a line in README.md`)
    } catch (error) {
      if (error.name !== 'UsageError') throw error
      console.error(`error: ${error.message}`)
      process.exitCode = 2
    }
  })
}
