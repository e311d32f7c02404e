// That the packages are versioned one by one: what `pnpm version-packages` makes of one changeset, in a copy of the workspace's manifests.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { root, run } from './run.mjs'

const versionFile = 'packages/tensor/src/version.ts'
const manifests = ['package.json', 'benchmarks/package.json'].concat(
  ['packages', 'apps'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}/package.json`)),
)

let folder
afterEach(() => rmSync(folder, { recursive: true }))

const readManifest = (path) => JSON.parse(readFileSync(join(folder, path), 'utf8'))
const versions = () => {
  const projects = manifests.map(readManifest)
  return Object.fromEntries(projects.map(({ name, version }) => [name.replace('@tenon/', ''), version]))
}

/** The kinds of versions that change with this changeset alone: `{ 'nn-rnn': 'minor' }`. */
function release(changes) {
  folder = mkdtempSync(join(tmpdir(), 'tenon-versions-'))
  for (const path of [...manifests, 'pnpm-workspace.yaml', 'pnpm-lock.yaml', '.changeset/config.json', versionFile]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    cpSync(join(root, path), join(folder, path))
  }
  const lines = Object.entries(changes).map(([name, kind]) => `"@tenon/${name}": ${kind}`)
  writeFileSync(join(folder, '.changeset/change.md'), ['---', ...lines, '---', '', 'What has changed.'].join('\n'))
  const before = versions()
  run('node', [join(root, 'scripts/version.mjs')], { cwd: folder })
  const kindOf = (from, to) => ['major', 'minor', 'patch'][from.split('.').findIndex((part, i) => part !== to.split('.')[i])]
  const changed = Object.entries(versions()).filter(([name, version]) => version !== before[name])
  return Object.fromEntries(changed.map(([name, version]) => [name, kindOf(before[name], version)]))
}

const changelogOf = (name) => readFileSync(join(folder, 'packages', name, 'CHANGELOG.md'), 'utf8')

test('a layer package is released by itself, with a changelog', () => {
  expect(release({ 'nn-rnn': 'minor' })).toEqual({ 'nn-rnn': 'minor' })
  expect(changelogOf('nn-rnn')).toMatch(/# @tenon\/nn-rnn\n\n## 0\.\d+\.0\n\n### Minor Changes\n\n- What has changed\./)
})

test('a minor of tensor, nn or optim releases none of the packages whose peer range still holds', () => {
  expect(release({ tensor: 'minor', nn: 'minor', optim: 'minor' })).toEqual({ tensor: 'minor', nn: 'minor', optim: 'minor' })
  expect(readManifest('packages/nn/package.json').peerDependencies['@tenon/tensor']).toBe('>=0.1 <1')
})

test('@tenon/tensor knows its version, before a release and after it', () => {
  const known = (base) => /'(.*)'/.exec(readFileSync(join(base, versionFile), 'utf8'))[1]
  const { version } = JSON.parse(readFileSync(join(root, 'packages/tensor/package.json'), 'utf8'))
  expect(known(root)).toBe(version)
  release({ tensor: 'minor' })
  expect(known(folder)).toBe(versions().tensor)
  expect(known(folder)).not.toBe(version)
})

test('a patch of kernel reaches those who have it as a dependency without a release of theirs', () => {
  expect(release({ kernel: 'patch' })).toEqual({ kernel: 'patch' })
})

test('a minor of kernel leaves the range of its dependents, who are released with a patch, and nobody else', () => {
  const dependents = { tensor: 'patch', 'backend-cpu': 'patch', 'backend-wasm': 'patch', 'backend-gpujs': 'patch' }
  expect(release({ kernel: 'minor' })).toEqual({ kernel: 'minor', ...dependents })
})

test('a major of tensor leaves the peer ranges: whoever has it as a peer is released too', () => {
  const released = release({ tensor: 'major' })
  expect(released).toMatchObject({ tensor: 'major', nn: 'major', 'nn-rnn': 'major' })
  expect(released).not.toHaveProperty('kernel')
})
