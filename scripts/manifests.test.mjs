// What a stranger finds on a package's page before they install it, and what their tools need afterwards.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './run.mjs'

const readManifest = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
const { repository } = readManifest(root)

const published = readdirSync(join(root, 'packages')).flatMap((name) => {
  const folder = join(root, 'packages', name)
  if (!existsSync(join(folder, 'package.json'))) return []
  const manifest = readManifest(folder)
  return manifest.private ? [] : [{ name, manifest, readme: readFileSync(join(folder, 'README.md'), 'utf8') }]
})

const isSentence = (text) => typeof text === 'string' && text.length > 20 && !text.endsWith('.')
const areNames = (list) => Array.isArray(list) && list.length >= 3 && new Set(list).size === list.length
/** Each entry of a library is a source file here, and its build with its types for users. */
const hasEntries = ({ exports: here, publishConfig: { exports: there } = {} }) =>
  here &&
  there &&
  Object.entries(there).every(
    ([entry, { types, default: code }]) =>
      here[entry]?.startsWith('./src/') && types?.endsWith('.d.ts') && code === types.replace('.d.ts', '.js') && code.startsWith('./dist/'),
  )
/** The code of an example that `readmes.test.ts` runs, with what it prints; for a command, the command. */
const hasExample = ({ bin }, readme) => (bin ? /```sh\n/ : /```ts\n(.*?)```\n\n```\n(.*?)```/s).test(readme)

/** What is wrong with a package, a field a line. */
function problemsOf({ name, manifest, readme }) {
  const rules = {
    name: manifest.name === `@tenon/${name}`,
    version: /^0\.\d+\.\d+$/.test(manifest.version),
    description: isSentence(manifest.description),
    keywords: areNames(manifest.keywords) && manifest.keywords.includes('tenon'),
    license: manifest.license === 'MIT',
    repository: manifest.repository?.url === repository.url && manifest.repository.directory === `packages/${name}`,
    type: manifest.type === 'module',
    'exports, here and in publishConfig, with types': manifest.bin !== undefined || hasEntries(manifest),
    'publishConfig.access': manifest.publishConfig?.access === 'public',
    files: manifest.files?.includes('dist') && manifest.files.includes('CHANGELOG.md'),
    sideEffects: manifest.sideEffects === false,
    engines: manifest.engines?.node === '>=20',
    'README with the line that installs it': new RegExp(
      `^p?npm (install .*@tenon/${name}|create @tenon/${name.replace('create-', '')})\\b`,
      'm',
    ).test(readme),
    'README with an example that runs': hasExample(manifest, readme),
  }
  return Object.keys(rules).filter((rule) => !rules[rule])
}

describe('a package has what its users look for', () => {
  test.each(published)('$name', (each) => {
    expect(problemsOf(each)).toEqual([])
  })

  test.each(['name', 'version', 'description', 'keywords', 'license', 'repository', 'type', 'files', 'sideEffects', 'engines'])(
    'one that lacks %s is found',
    (field) => {
      const { [field]: _, ...manifest } = published[0].manifest
      expect(problemsOf({ ...published[0], manifest })).toEqual([field])
    },
  )

  test('one whose users get no types, or whose README shows no example, is found', () => {
    const { name, manifest } = published[0]
    const publishConfig = { access: 'public', exports: { '.': { default: './dist/index.js' } } }
    expect(problemsOf({ name, manifest: { ...manifest, publishConfig }, readme: '# It is good' })).toEqual([
      'exports, here and in publishConfig, with types',
      'README with the line that installs it',
      'README with an example that runs',
    ])
  })
})
