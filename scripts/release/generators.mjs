// A stranger's path, with nothing but what a release publishes: twenty lines out of the README, a layer of one's own from `npm create` to a
// published package that the CNN app's model uses, and a backend of one's own.

import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { transform } from 'esbuild'
import { CommandError, root, runAside } from '../run.mjs'
import { emptyProject } from './project.mjs'
import { align } from './table.mjs'

const kan = join(import.meta.dirname, 'kan')
const read = (...path) => readFileSync(join(...path), 'utf8')

class Wrong extends Error {}

/** The first example of a README, and what stands below it. */
function exampleOf(readme) {
  const [, code, output] = /```(?:ts|js)\n(.*?)```\n\n```\n(.*?)```/s.exec(readme)
  return { code, output }
}

const expectSame = (found, wanted) => {
  if (found !== wanted) throw new Wrong(`printed\n${found}where the README shows\n${wanted}`)
}

/** How many tests a run of vitest passed. */
const passed = (printed) => `${/Tests\s+(\d+) passed/.exec(stripVTControlCharacters(printed))[1]} tests passed`

export async function generators(registry, folder) {
  const rows = []
  const problems = []
  /** A step says what it found, in a few words. Those after one that failed are not tried: they stand on it. */
  const step = async (name, body) => {
    if (problems.length > 0) return
    const began = performance.now()
    try {
      rows.push([name, await body(), ''])
    } catch (error) {
      if (!(error instanceof Wrong || error instanceof CommandError)) throw error
      rows.push([name, 'failed', ''])
      problems.push(`${name}: ${error.message}\n${error.output ?? ''}`.trimEnd())
    }
    rows.at(-1)[2] = `${((performance.now() - began) / 1000).toFixed(1)} s`
  }
  const began = performance.now()
  await learnXor(emptyProject(registry, join(folder, 'xor')), step)
  await makeLayer(registry, emptyProject(registry, join(folder, 'layer')), step)
  await useLayer(emptyProject(registry, join(folder, 'cnn')), step)
  await generate(registry, emptyProject(registry, join(folder, 'backend')), 'backend', 'backend-plain', step)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  return { lines: align(rows), problems, summary: `a layer and a backend of a stranger in ${seconds} s` }
}

async function learnXor(project, step) {
  const readme = read(root, 'README.md')
  const [, line] = /^npm (install @tenon\/tensor .*)$/m.exec(readme)
  await step('README: install', async () => {
    await project.run('npm', ...line.split(' '))
    return line.replaceAll('@tenon/', '')
  })
  await step('README: XOR', async () => {
    const { code, output } = exampleOf(readme)
    project.write('xor.mjs', code)
    expectSame((await project.run('node', 'xor.mjs')).stdout, output)
    return `${code.trim().split('\n').length} lines copied, learnt`
  })
}

/** Runs commands in a folder inside a project, with the project's settings for npm. */
const inside = (registry, project, folder, settings = {}) => ({
  folder,
  run: (command, ...args) => {
    const env = { npm_config_registry: registry.url, npm_config_userconfig: join(project.folder, '.npmrc'), ...settings }
    return runAside(command, args, { cwd: folder, env, timeout: 300_000 })
  },
})

/** From `npm create` to the example in the README of what it made. */
async function generate(registry, project, kind, name, step) {
  const made = inside(registry, project, join(project.folder, name))
  await step(`npm create @tenon/${kind}`, async () => {
    // npm keeps what it has run by name and version, from whatever registry it came: so this has a cache of its own.
    const stranger = inside(registry, project, project.folder, { npm_config_cache: join(project.folder, 'npm-cache') })
    const { stdout } = await stranger.run('npm', 'create', '--yes', `@tenon/${kind}`, `@stranger/${name}`)
    return /^@stranger.*: (.*)$/m.exec(stdout)[1]
  })
  await step(`${kind}: install`, async () => {
    await made.run('npm', 'install')
    return 'tools and Tenon'
  })
  await step(`${kind}: test`, async () => passed((await made.run('npm', 'test')).stdout))
  await step(`${kind}: build, README`, async () => {
    await made.run('npm', 'run', 'build')
    const { code, output } = exampleOf(read(made.folder, 'README.md'))
    writeFileSync(join(made.folder, 'example.mjs'), code)
    expectSame((await made.run('node', 'example.mjs')).stdout, output)
    return 'learns XOR, prints what the README shows'
  })
  return made
}

async function makeLayer(registry, project, step) {
  const made = await generate(registry, project, 'layer', 'nn-kan', step)
  await step('layer: splines instead', async () => {
    for (const file of ['kan.ts', 'kan.test.ts']) cpSync(join(kan, file), join(made.folder, 'src', file))
    return passed((await made.run('npm', 'test')).stdout)
  })
  await step('layer: build, train', async () => {
    await made.run('npm', 'run', 'build')
    cpSync(join(kan, 'learn.mjs'), join(made.folder, 'learn.mjs'))
    const [first, last] = JSON.parse((await made.run('node', 'learn.mjs')).stdout)
    if (!(last < 0.01 * first)) throw new Wrong(`the loss went from ${first} to ${last}`)
    return `loss ${first.toFixed(4)} → ${last.toFixed(4)}`
  })
  await step('layer: npm publish', async () => {
    await made.run('npm', 'publish')
    const { stdout } = await made.run('npm', 'view', '@stranger/nn-kan', 'version')
    return `@stranger/nn-kan ${stdout.trim()}`
  })
}

async function useLayer(project, step) {
  await step('elsewhere: install it', async () => {
    const ours = ['tensor', 'nn', 'autograd', 'optim', 'datasets', 'backend-wasm'].map((name) => `@tenon/${name}`)
    await project.install('@stranger/nn-kan', ...ours)
    return '@stranger/nn-kan and Tenon'
  })
  await step('elsewhere: in the CNN', async () => {
    const { code } = await transform(read(root, 'apps/cnn-image-classification/src/model.ts'), { loader: 'ts' })
    project.write('model.mjs', code)
    project.copy(join(kan, 'cnn.mjs'), 'cnn.mjs')
    const { last, accuracy } = JSON.parse((await project.run('node', 'cnn.mjs')).stdout)
    if (!last.startsWith('Kan(') || !(accuracy > 0.8)) throw new Wrong(`${last} gives an accuracy of ${accuracy}`)
    return `${(100 * accuracy).toFixed(1)} % of 1,000 digits right`
  })
}
