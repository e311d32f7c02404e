// `pnpm release:dry`: what a release would publish, packed, put into a registry of this machine, and installed from there into empty
// projects, where each step proves something of it. The last line is a summary.
//
// A step is a file in scripts/release/ and a row below. It gets the registry and a folder of its own, and gives what it found: `lines` to
// print, `problems` in words (none if all is well), and its part of the `summary`.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { providePnpm } from './pnpm.mjs'
import { generators } from './release/generators.mjs'
import { openRegistry } from './release/registry.mjs'
import { runtimes } from './release/runtimes.mjs'
import { sizes } from './release/sizes.mjs'
import { twoVersions } from './release/two-versions.mjs'
import { CommandError, main, phase, root, run } from './run.mjs'
import { turbo } from './turbo.mjs'

const steps = {
  'what it weighs': sizes,
  'where it runs': runtimes,
  'two versions at once': twoVersions,
  'what strangers add': generators,
}

/** Packs all packages as their users get them, into `folder`; gives the tarballs. */
function pack(folder) {
  mkdirSync(folder)
  for (const name of readdirSync(join(root, 'packages'))) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))
    if (!manifest.private) run('pnpm', ['pack', '--pack-destination', folder], { cwd: join(root, 'packages', name) })
  }
  return readdirSync(folder).map((file) => readFileSync(join(folder, file)))
}

/** A step that could not go on has a problem too. */
async function attempt(step, registry, folder) {
  try {
    return await step(registry, folder)
  } catch (error) {
    const problem = error instanceof CommandError ? `${error.message}\n${error.output}` : error.stack
    return { lines: [], problems: [problem], summary: 'not finished' }
  }
}

await main(async () => {
  providePnpm()
  turbo(['build'])
  const folder = mkdtempSync(join(tmpdir(), 'tenon-release-'))
  const registry = await openRegistry()
  try {
    const packed = phase('pack')
    for (const tarball of pack(join(folder, 'tarballs'))) await registry.add(tarball)
    packed()
    const found = [`${registry.names().length} packages`]
    for (const [name, step] of Object.entries(steps)) {
      const done = phase(name)
      const { lines, problems, summary } = await attempt(step, registry, join(folder, name.replaceAll(' ', '-')))
      done()
      for (const line of lines) console.log(`  ${line}`.trimEnd())
      for (const problem of problems) console.error(`  failed: ${problem}`)
      if (problems.length > 0) process.exitCode = 1
      found.push(problems.length > 0 ? `${name}: ${problems.length} failed` : summary)
    }
    console.log(`release:dry ${process.exitCode ? 'failed' : 'passed'}: ${found.join('; ')}`)
  } finally {
    registry.close()
    rmSync(folder, { recursive: true })
  }
})
