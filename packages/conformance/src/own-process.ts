import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'

/** Runs a file of this folder, bundled, in a Node of its own, whose memory and threads nobody else has; gives what it printed, from JSON, line by line. */
export async function runAlone<T>(file: string, args: string[], flags: string[], env: NodeJS.ProcessEnv = process.env): Promise<T[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tenon-alone-'))
  try {
    const script = join(folder, 'script.mjs')
    const entry = fileURLToPath(new URL(file, import.meta.url))
    await build({ entryPoints: [entry], outfile: script, bundle: true, format: 'esm', platform: 'node', logLevel: 'error' })
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, ...args], { env })
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
