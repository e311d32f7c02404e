/** The benchmarks as one runs them, on work that takes moments. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from './report.ts'

let folder: string
let program: string
beforeAll(async () => {
  const cache = join(import.meta.dirname, '../.cache') // where it finds gpu.js
  await mkdir(cache, { recursive: true })
  folder = await mkdtemp(join(cache, 'bench-'))
  program = join(folder, 'main.mjs')
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" }
  const options = { bundle: true, platform: 'node', format: 'esm', banner } as const
  await build({ ...options, external: ['gpu.js'], entryPoints: [join(import.meta.dirname, 'main.ts')], outfile: program })
})
afterAll(() => rm(folder, { recursive: true }))

const bench = (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((settle) => {
    execFile(process.execPath, [program, ...args], (error, out, err) => settle({ code: Number(error?.code ?? 0), out, err }))
  })

describe('bench', () => {
  it('times systems in turns, and writes a row for each', async () => {
    const json = join(folder, 'rows.json')
    const { code, out, err } = await bench(...`matmul-8 --peers tenon-wasm,tenon-cpu --threads 1,2 --rounds 1 --json ${json}`.split(' '))
    expect([code, err]).toEqual([0, expect.stringMatching(/^matmul-8: round 1 of 1 after \d+ s\n$/)])
    expect(out).toMatch(/^\| system +\| threads \| ms, fastest \|/m)
    const { rows, node } = JSON.parse(await readFile(json, 'utf8')) as Report
    expect(node).toBe(process.version)
    expect(rows.map(({ system, threads }) => `${system} ${threads}`)).toEqual(['tenon-wasm 1', 'tenon-wasm 2', 'tenon-cpu 1'])
    for (const row of rows) {
      expect(row).toMatchObject({ workload: 'matmul-8', ratio_to_torch: null, reference: 'torch-tuned' })
      expect(row.min_ms).toBeGreaterThan(0)
      expect(row.median_ms).toBeGreaterThanOrEqual(row.min_ms)
      expect(row.loss).toBeCloseTo(rows[0]!.loss, 5)
    }
    const compared = await bench('compare', json, json)
    expect(compared.out).toMatch(/^\| matmul-8 +\| tenon-cpu +\| +1 \|.+\| +1\.00 \|/m)
  }, 60_000)

  it('holds the losses of training against each other', async () => {
    const { code, out } = await bench(...'cnn-train --peers tenon-wasm,tenon-cpu --threads 1 --rounds 1'.split(' '))
    expect(code).toBe(0)
    const losses = [...out.matchAll(/^\| tenon-.* (\d\.\d{4}) \|$/gm)].map(([, loss]) => Number(loss))
    expect(losses).toHaveLength(2)
  }, 120_000)

  it.each([
    [['gpt'], /^error: there is no workload 'gpt'; there are: cnn-train,/],
    [['compare', 'none.json', 'none.json'], /^error: .*none\.json/],
    [['matmul-8', '--peers', 'numpy'], /^error: option '--peers <names>' argument 'numpy' is invalid. There are: torch-tuned,/],
    [['matmul-8', '--rounds', '0'], /^error: option '--rounds <n>' argument '0' is invalid/],
  ])('%s is refused in a line', async (args, message) => {
    const { code, out, err } = await bench(...args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(message)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})

it('a file that is no report is refused', async () => {
  const file = join(folder, 'other.json')
  await writeFile(file, '{"a": 1}')
  expect(await bench('compare', file, file)).toMatchObject({ code: 1, err: expect.stringMatching(/other\.json is not a file of --json/) })
})
