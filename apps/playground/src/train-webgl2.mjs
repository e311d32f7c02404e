// Trains the CNN on real digits on gpu.js in WebGL 2, in a headless Chromium, by the controls of the page: minutes, where WebGL is software.
// `pnpm --filter playground train:webgl2 --images 3000 --epochs 2 --batch 32`. Fails below 90 % of the test images.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'
import { bundled } from '../../../scripts/bundled.mjs'

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '3000' },
    epochs: { type: 'string', default: '2' },
    batch: { type: 'string', default: '32' },
    backend: { type: 'string', default: 'gpu.js WebGL 2' },
  },
})

const { findChromium, chromiumArguments } = await bundled('packages/conformance/src/browser/chromium.ts')
const executablePath = findChromium()
if (executablePath === null) throw new Error('There is no Chromium here: apt-get install chromium, or set CHROME_PATH')

const folder = fileURLToPath(new URL('..', import.meta.url))
const runApp = fileURLToPath(new URL('../../../scripts/run-app.mjs', import.meta.url))
const server = spawn('node', [runApp, '--port', '0'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
const browser = await chromium.launch({ executablePath, args: chromiumArguments })
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(0)
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()))
  await page.goto(await urlOf(server))
  const status = page.locator('#status')
  await status.filter({ hasText: 'Ready' }).waitFor()

  const choice = page.getByLabel(values.backend, { exact: false }).first()
  if (await choice.isDisabled()) throw new Error(await page.locator('label', { has: choice }).textContent())
  await choice.check()
  for (const [label, value] of [
    ['Images', values.images],
    ['Epochs', values.epochs],
    ['Batch', values.batch],
  ])
    await page.getByLabel(label).fill(value)
  await page.getByRole('button', { name: 'Train' }).click()
  await status.filter({ hasText: 'Training' }).waitFor()
  console.log(await status.textContent())

  const began = performance.now()
  const show = async () => {
    const [where, loss, accuracy, rate] = await Promise.all(['where', 'loss', 'accuracy', 'rate'].map((id) => page.textContent(`#${id}`)))
    console.log(`${where}: loss ${loss}, test accuracy ${accuracy}, ${rate} images/s`)
  }
  const timer = setInterval(() => void show().catch(() => {}), 10_000)
  await status.filter({ hasNotText: 'Training' }).waitFor()
  clearInterval(timer)
  await show()
  const [end, notes] = await Promise.all([status.textContent(), page.textContent('#notes')])
  console.log([`${((performance.now() - began) / 1000).toFixed(0)} s. ${end}`, notes].filter(Boolean).join('\n'))
  if (!(Number.parseFloat(/([\d.]+) % of/.exec(end)?.[1]) > 90)) process.exitCode = 1
} finally {
  await browser.close()
  server.kill('SIGINT')
}

async function urlOf({ stdout }) {
  for await (const line of createInterface(stdout)) {
    const url = /at (http\S+)/.exec(line)?.[1]
    if (url) return url
  }
  throw new Error('The server ended before it said where it is')
}
