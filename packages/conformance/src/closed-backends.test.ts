import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

test('1,000 backends that were closed leave no thread and no memory behind', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-closed-'))
  const script = join(folder, 'loop.mjs')
  const entry = fileURLToPath(new URL('./closed-backends-loop.ts', import.meta.url))
  await build({ entryPoints: [entry], outfile: script, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' })
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, '1000'])
  rmSync(folder, { recursive: true })
  const { made, ...left } = JSON.parse(stdout)
  expect(made).toBe(1010)
  // The last one of each kind may still be looked at from where the loop ended.
  expect(left.threads).toBe(0)
  expect(left.backends).toBeLessThanOrEqual(2)
  expect(left.memories).toBeLessThanOrEqual(2)
})
