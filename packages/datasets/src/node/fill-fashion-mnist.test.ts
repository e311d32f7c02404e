import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { cacheFolder } from './cache.ts'
import { fashionMnistSet } from './mnist-sources.ts'

const script = fileURLToPath(new URL('../../scripts/fill-fashion-mnist.mjs', import.meta.url))
let home: string

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tenon-fill-'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true, force: true })
})

it.each(['TENON_DATA_DIR', 'XDG_CACHE_HOME', 'HOME'])('fills the cache that the loader reads, by %s', async (variable) => {
  for (const name of ['TENON_DATA_DIR', 'XDG_CACHE_HOME']) vi.stubEnv(name, '')
  vi.stubEnv(variable, join(home, 'somewhere'))
  const names = fashionMnistSet.files.map(({ name }) => name)
  for (const name of names) await writeFile(join(home, `${name}.gz`), gzipSync(name))
  execFileSync(process.execPath, [script, home])
  const folder = join(cacheFolder(), fashionMnistSet.folder)
  expect((await readdir(folder)).sort()).toEqual([...names, 'SOURCE.txt'].sort())
  for (const name of names) expect(await readFile(join(folder, name), 'utf8')).toBe(name)
})

it('says what is missing', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, join(home, 'nowhere')], {
    encoding: 'utf8',
    env: { ...process.env, TENON_DATA_DIR: home },
  })
  expect(status).toBe(1)
  expect(stderr).toMatch(/could not be taken from Debian's package dataset-fashion-mnist: ENOENT/)
})
