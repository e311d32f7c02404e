import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'tenon-memory-'))
const script = join(folder, 'loop.mjs')
beforeAll(async () => {
  const entry = fileURLToPath(new URL('./flat-memory-loop.ts', import.meta.url))
  await build({ entryPoints: [entry], outfile: script, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' })
})
afterAll(() => rmSync(folder, { recursive: true }))

/**
 * What grows is to be ours. So V8's young generation has its full size from the start, and no old objects are made in haste; and what is freed goes
 * back to the system at once, where malloc would keep it in pieces: batches that died together, and what the compilers of V8's threads needed.
 */
const flags = ['--expose-gc', '--min-semi-space-size=16', '--max-semi-space-size=16', '--no-allocation-site-pretenuring']
const env = { ...process.env, MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '4096', MALLOC_TRIM_THRESHOLD_: '65536' }

test.each([
  ['jit', 'await'],
  ['jit', 'sync'],
  ['eager', 'await'],
  ['eager', 'sync'],
])('memory is flat from step 200 to step 2,000: %s, %s, every loss kept', async (how, reading) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, how, reading], { env })
  const [early, late] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(late.memory).toEqual(early.memory)
  expect((late.rss - early.rss) / 2 ** 20).toBeLessThan(8)
})
