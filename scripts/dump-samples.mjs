// Prints the samples of all ops as JSON, for scripts/make-fixtures.py: the numbers of their inputs, their arguments, and the
// PyTorch expression that they are held against.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'tenon-samples-'))
try {
  const outfile = join(folder, 'torch-cases.mjs')
  await build({
    entryPoints: [join(root, 'packages/conformance/src/torch-cases.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
    keepNames: true,
  })
  const { torchCases } = await import(pathToFileURL(outfile).href)
  process.stdout.write(
    JSON.stringify(torchCases(), (_, value) => (typeof value === 'number' && !Number.isFinite(value) ? { number: String(value) } : value)),
  )
} finally {
  rmSync(folder, { recursive: true })
}
