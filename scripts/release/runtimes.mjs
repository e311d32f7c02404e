// Where the packed packages run: imported and trained with, on backend-cpu and on backend-wasm with two threads. Node, Bun and Deno come
// from npm; one that cannot be fetched here is skipped, and its reason shown.

import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium } from 'playwright'
import sirv from 'sirv'
import { bundled } from '../bundled.mjs'
import { fetchProgram } from '../pnpm.mjs'
import { CommandError } from '../run.mjs'
import { emptyProject } from './project.mjs'
import { align } from './table.mjs'

const here = import.meta.dirname

/** A runtime gives what `train()` of train.mjs gave there, as text, or says why it is not here. */
const fromNpm = (name, version, ...flags) => ({
  name: `${name[0].toUpperCase()}${name.slice(1)} ${version}`,
  async run(project) {
    let program
    try {
      program = await fetchProgram(name, version)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      return { missing: error.output.replaceAll('npm error ', '').split('\n').slice(0, 2).join(': ') }
    }
    return { text: (await project.run(program, ...flags, 'main.mjs')).stdout }
  },
})

const worker = { name: 'a Worker in Chromium', run: runInWorker }

const table = [
  fromNpm('node', '20'),
  fromNpm('node', '22'),
  fromNpm('node', '24'),
  fromNpm('bun', '1.4.5'),
  fromNpm('deno', '2.9.6', 'run', '--allow-all'),
  worker,
]

export async function runtimes(registry, folder) {
  const project = emptyProject(registry, folder)
  const packages = ['tensor', 'autograd', 'nn', 'optim', 'backend-cpu', 'backend-wasm']
  await project.install(...packages.map((name) => `@tenon/${name}`))
  project.copy(join(here, 'train.mjs'), 'train.mjs')
  project.write('main.mjs', "import { train } from './train.mjs'\nconsole.log(JSON.stringify(await train()))\n")

  const found = await Promise.all(
    table.map(async ({ name, run }) => {
      const { text, missing } = await run(project).catch((error) => {
        if (!(error instanceof CommandError)) throw error
        return { text: error.output }
      })
      return { name, text, missing, problem: missing ? null : problemWith(text) }
    }),
  )
  const skipped = found.filter(({ missing }) => missing).map(({ name }) => name)
  return {
    lines: align(found.map((each) => [each.name, describe(each)])),
    problems: found.filter(({ problem }) => problem).map(({ name, problem }) => `${name}: ${problem}`),
    summary: `trains on ${found.length - skipped.length} of ${found.length} runtimes${skipped.length > 0 ? ` (skipped: ${skipped.join(', ')})` : ''}`,
  }
}

function describe({ text, missing, problem }) {
  if (missing) return `skipped: ${missing}`
  if (problem) return 'failed'
  const { cpu, wasm } = JSON.parse(text)
  return `cpu ${cpu.losses.at(0).toFixed(4)} → ${cpu.losses.at(-1).toFixed(4)}, wasm on ${wasm.threads} threads the same`
}

/** Why this is not what training gives: losses that fall, the same on both backends to 1e-4, on two threads. */
function problemWith(text) {
  let found
  try {
    found = JSON.parse(text)
  } catch {
    return text || 'it printed nothing'
  }
  const { cpu, wasm } = found
  if (!cpu || !wasm) return text
  if (!cpu.losses.every((loss, i) => i === 0 || loss < cpu.losses[i - 1])) return `losses do not fall on backend-cpu: ${cpu.losses}`
  if (!wasm.losses.every((loss, i) => Math.abs(loss / cpu.losses[i] - 1) < 1e-4)) return `wasm gives ${wasm.losses}, cpu ${cpu.losses}`
  if (wasm.threads !== 2 || wasm.workers !== 'running') return `backend-wasm has no two threads: ${JSON.stringify(wasm)}`
  return null
}

/** In a cross-origin isolated page, which alone has threads. */
async function runInWorker(project) {
  const { chromiumArguments, findChromium } = await bundled('packages/conformance/src/browser/chromium.ts')
  const executablePath = findChromium()
  if (!executablePath) return { missing: 'there is no Chromium: apt-get install chromium, or set CHROME_PATH' }
  project.write('worker.mjs', "import { train } from './train.mjs'\npostMessage(JSON.stringify(await train()))\n")
  const site = join(project.folder, 'site')
  await build({
    entryPoints: [join(project.folder, 'worker.mjs')],
    outdir: site,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
  })
  project.write('site/index.html', '<!doctype html><title>Tenon</title>')
  const setHeaders = (response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp')
  }
  const server = createServer(sirv(site, { setHeaders }))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({ executablePath, args: [...chromiumArguments] })
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${server.address().port}`)
    const text = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const worker = new Worker('worker.js', { type: 'module' })
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => resolve(message)
        }),
    )
    return { text }
  } finally {
    await browser.close()
    server.closeAllConnections()
    server.close()
  }
}
