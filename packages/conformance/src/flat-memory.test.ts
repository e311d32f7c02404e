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
 * V8's young generation has its full size from the start, and no old objects are made in haste: what grows then is ours. It is small, for batches
 * that are dead lie outside of it until it is full, and a captured step hardly fills it. Between runs it differs by some MiB; a leak is there every time.
 */
const flags = ['--expose-gc', '--min-semi-space-size=2', '--max-semi-space-size=2', '--no-allocation-site-pretenuring']

test.each([
  ['jit', 'await'],
  ['jit', 'sync'],
  ['eager', 'await'],
  ['eager', 'sync'],
])('memory is flat from step 200 to step 2,000: %s, %s, every loss kept', { retry: 2 }, async (how, reading) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, how, reading])
  const [early, late] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(late.memory).toEqual(early.memory)
  expect((late.rss - early.rss) / 2 ** 20).toBeLessThan(8)
})
