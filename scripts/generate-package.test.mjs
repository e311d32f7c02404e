import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkDependencies } from './check-deps.mjs'
import { generatePackage } from './generate-package.mjs'
import { root } from './run.mjs'

/** A workspace with the packages of this one. */
let workspace
beforeAll(() => {
  workspace = mkdtempSync(join(tmpdir(), 'tenon-generate-'))
  mkdirSync(join(workspace, '.changeset'))
  mkdirSync(join(workspace, 'packages'))
  for (const name of readdirSync(join(root, 'packages'))) symlinkSync(join(root, 'packages', name), join(workspace, 'packages', name))
  for (const file of ['package.json', 'tsconfig.base.json', 'tsconfig.build.json']) cpSync(join(root, file), join(workspace, file))
  symlinkSync(join(root, 'node_modules'), join(workspace, 'node_modules'))
})
afterAll(() => rmSync(workspace, { recursive: true }))

const read = (path) => readFileSync(join(workspace, path), 'utf8')
const needs = ({ dependencies, peerDependencies }) => ({ ...dependencies, ...peerDependencies })
/** All else of a manifest that is not about this package alone. */
const form = ({ keywords, dependencies, peerDependencies, devDependencies, ...manifest }) => ({
  keys: Object.keys(manifest),
  ...{ files: manifest.files, exports: manifest.exports, publishConfig: manifest.publishConfig, scripts: manifest.scripts },
})

describe.each([
  { kind: 'layer', name: 'nn-other', like: 'nn-rnn' },
  { kind: 'backend', name: 'backend-other', like: 'backend-wasm' },
])('a $kind of the workspace', ({ kind, name, like }) => {
  beforeAll(async () => {
    await generatePackage(kind, name, workspace)
  })

  test('has the manifest that its siblings have', () => {
    const [manifest, sibling, kit] = [name, like, 'create-kit'].map((each) => JSON.parse(read(`packages/${each}/package.json`)))
    expect(manifest.name).toBe(`@tenon/${name}`)
    expect(manifest.repository.directory).toBe(`packages/${name}`)
    expect(needs(manifest)).toEqual(needs(sibling))
    expect(manifest.devDependencies['@tenon/testing']).toBe('workspace:*')
    expect(form(manifest)).toEqual(form(kit))
  })

  test('has a changeset, and nothing that the workspace has for it', () => {
    expect(read(`.changeset/new-${name}.md`)).toMatch(new RegExp(`^---\n"@tenon/${name}": minor\n---\n\n.+\\.\n$`))
    expect(readdirSync(join(workspace, 'packages', name)).sort()).toEqual([
      'README.md',
      'package.json',
      'src',
      'tsconfig.build.json',
      'tsconfig.json',
    ])
    expect(read(`packages/${name}/README.md`)).not.toContain('npm publish')
  })

  test('keeps the rules of dependencies', () => {
    expect(existsSync(join(workspace, 'packages', name, 'src/other.test.ts'))).toBe(true)
    expect(checkDependencies(workspace)).toEqual([])
  })
})

test('a backend that is not called so is refused', async () => {
  await expect(generatePackage('backend', 'other', workspace)).rejects.toThrow('here a backend is called backend-other')
})
