/** The playground as a user has it: its page in a browser, its worker in a real Worker, on made-up digits. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { launchChromium, openPage } from '@tenon/conformance/browser'
import { DatasetError } from '@tenon/datasets'
import { encodeCheckpoint } from '@tenon/train'
import { presets } from 'cnn-image-classification/model'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type PlaygroundServer, servePlayground } from './server/server.ts'
import { madeUpFiles, strokesOf } from './testing/digits.ts'

/** A busy machine takes its time; nothing here is about how long it takes. */
const patience = 300_000
vi.setConfig({ testTimeout: patience, hookTimeout: patience })

const options = { port: 0, host: '127.0.0.1', isolation: true, allowEval: false }
const files = madeUpFiles(640, 200)

let folder: string
let server: PlaygroundServer
let browser: Browser
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenon-playground-'))
  execFileSync('node', [fileURLToPath(new URL('bundle-page.mjs', import.meta.url)), join(folder, 'page')])
  server = await servePlayground(join(folder, 'page'), async () => files, options)
  browser = await launchChromium()
})
afterAll(async () => {
  await browser.close()
  await server.close()
  await rm(folder, { recursive: true })
})

const pages: Page[] = []
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close()
})

/** Of the page that was opened last. */
let problems: readonly string[]
const open = async (url = server.url, from = browser): Promise<Page> => {
  const watched = await openPage(from, url)
  const { page } = watched
  pages.push(page)
  page.setDefaultTimeout(patience)
  problems = watched.problems
  await page.locator('#status').filter({ hasText: 'Ready' }).waitFor()
  return page
}

const start = async (page: Page): Promise<void> => {
  await page.getByLabel('Images').fill('640')
  await page.getByLabel('Epochs').fill('1000') // more than any machine trains while the test looks
  await page.getByLabel('Batch').fill('32')
  await page.getByRole('button', { name: 'Train' }).click()
}

const says = (page: Page, text: string | RegExp): Promise<void> => page.locator('#status').filter({ hasText: text }).waitFor()
const lossOf = async (page: Page): Promise<number> => Number(await page.locator('#loss').textContent())
const stepOf = async (page: Page): Promise<number> =>
  Number(/step ([\d,]+)/.exec((await page.locator('#where').textContent())!)?.[1]?.replaceAll(',', '') ?? 0)
const trained = async (page: Page, steps: number): Promise<void> => {
  const until = (await stepOf(page)) + steps
  await expect.poll(() => stepOf(page), { timeout: patience }).toBeGreaterThan(until)
}

const draw = async (page: Page, digit: number): Promise<void> => {
  await page.getByRole('button', { name: 'Clear' }).click()
  const pad = page.getByLabel('Draw a digit here')
  await pad.scrollIntoViewIfNeeded()
  const { x, y, width, height } = (await pad.boundingBox())!
  for (const [from, to] of strokesOf(digit)) {
    await page.mouse.move(x + width * from[0], y + height * from[1])
    await page.mouse.down()
    await page.mouse.move(x + width * to[0], y + height * to[1], { steps: 5 })
    await page.mouse.up()
  }
}

it('trains, reads what is drawn, moves to other backends in the middle of a run, is held and stopped', async () => {
  const page = await open()
  await page.evaluate(() => {
    const durations: number[] = []
    Object.assign(globalThis, { durations })
    new PerformanceObserver((list) => durations.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
  })
  await draw(page, 4)
  await page.getByText('train a network first').waitFor()

  await start(page)
  await says(page, 'Training on WebAssembly')
  await expect.poll(() => lossOf(page), { timeout: patience }).toBeGreaterThan(0)
  await expect.poll(() => lossOf(page), { timeout: patience }).toBeLessThan(0.2)
  await expect.poll(() => page.locator('#accuracy').textContent(), { timeout: patience }).toMatch(/^9\d\.\d %|^100\.0 %/)
  // The drawing of before is read anew with each look at the test images.
  await expect.poll(() => page.locator('#answer').textContent(), { timeout: patience }).toBe('4')
  await draw(page, 7)
  await expect.poll(() => page.locator('#answer').textContent(), { timeout: patience }).toBe('7')
  const probabilities = (await page.locator('#bars .percent').allTextContents()).map((text) => Number.parseFloat(text))
  expect(probabilities).toHaveLength(10)
  expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(100, 0)

  for (const [name, steps] of [
    ['Plain JavaScript', 3],
    ['WebAssembly', 20],
  ] as const) {
    await page.getByLabel(new RegExp(`^${name}`)).check()
    await says(page, `Training on ${name}`)
    for (let i = 0; i < steps; i += 3) {
      await trained(page, 3)
      // A model that had lost its weights would begin again at 2.3.
      expect(await lossOf(page)).toBeLessThan(0.7)
    }
  }

  await page.getByRole('button', { name: 'Pause' }).click()
  await says(page, 'Paused on WebAssembly')
  await page.waitForTimeout(400)
  const held = await stepOf(page)
  await draw(page, 1)
  await expect.poll(() => page.locator('#answer').textContent(), { timeout: patience }).toBe('1')
  expect(await stepOf(page)).toBe(held)
  await page.getByRole('button', { name: 'Resume' }).click()
  await trained(page, 3)
  await page.getByRole('button', { name: 'Stop' }).click()
  await says(page, /^Stopped after [\d,]+ steps: 9\d\.\d %|100\.0 % of the test images right$/)
  expect(problems).toEqual([])

  const durations = await page.evaluate(() => (globalThis as unknown as { durations: number[] }).durations)
  console.log(`longest task of the page while it trained: ${Math.round(Math.max(0, ...durations))} ms (of ${durations.length} over 50 ms)`)
})

describe('a worker that dies', () => {
  it.each([
    ['closes itself', () => self.close(), 'it ended without a word'],
    [
      'throws',
      () => {
        setTimeout(() => {
          throw new Error('boom')
        })
      },
      'nothing caught an error in it: Uncaught Error: boom',
    ],
  ])('because it %s is noticed, and the next run has a new one', async (_, die, message) => {
    const page = await open()
    await start(page)
    await trained(page, 1)
    await page.workers()[0]!.evaluate(die)
    await says(page, `the training worker died: ${message}`)
    await start(page)
    await says(page, 'Training on WebAssembly')
    await trained(page, 1)
    // The one that threw left its error in the console, as it should.
    expect(problems.filter((text) => !text.includes('boom'))).toEqual([])
  })
})

it('without WebGL the modes that need it say so, and all else works', async () => {
  const without = await launchChromium('--disable-gpu', '--disable-software-rasterizer')
  try {
    const page = await open(server.url, without)
    for (const mode of ['webgl2', 'webgl']) {
      const option = page.getByLabel(`gpujs: mode '${mode}' does not run here: it needs a browser with WebGL`)
      expect(await option.isDisabled()).toBe(true)
    }
    await start(page)
    await trained(page, 1)
    expect(problems).toEqual([])
  } finally {
    await without.close()
  }
})

it('names the policy where it forbids mode cpu of gpu.js', async () => {
  const page = await open()
  const option = page.getByLabel(/^gpu\.js JavaScript/)
  expect(await option.isDisabled()).toBe(true)
  await page.getByText("which this page's Content-Security-Policy forbids; the server allows it with --allow-eval").waitFor()
})

describe('weights', () => {
  it('are saved and opened again; those of another model are refused and nothing changes', async () => {
    const page = await open()
    await page.getByRole('button', { name: 'Save' }).click()
    await says(page, 'There are no weights yet')
    await start(page)
    await trained(page, 5)
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save' }).click()
    const saved = join(folder, 'saved.safetensors')
    await (await downloading).saveAs(saved)
    await page.getByRole('button', { name: 'Stop' }).click()
    await says(page, 'Stopped')

    const other = join(folder, 'other.safetensors')
    await writeFile(
      other,
      await encodeCheckpoint({ model: presets.tiny.build() }, { position: { epoch: 0, step: 0 }, settings: { preset: 'tiny' } }),
    )
    const cut = join(folder, 'cut.safetensors')
    await writeFile(cut, (await readFile(saved)).subarray(0, 1000))
    for (const [file, words] of [
      [other, /other\.safetensors does not fit.*it has no model\./s],
      [cut, /cut\.safetensors/],
      [saved, 'The network has the weights of saved.safetensors'],
    ] as const) {
      await page.getByLabel('A checkpoint').setInputFiles(file)
      await says(page, words)
    }
    await page.getByRole('button', { name: 'Train' }).click()
    await trained(page, 1)
    expect(problems).toEqual([])
  })
})

it('shows what the server says where there are no digits, and tries again', async () => {
  let there = false
  const reluctant = await servePlayground(
    join(folder, 'page'),
    async () => {
      if (there) return files
      throw new DatasetError('MNIST is not in the cache folder and could not be fetched.\n  Cache folder: /nowhere')
    },
    options,
  )
  try {
    const page = await open(reluctant.url)
    await start(page)
    await says(page, 'MNIST is not in the cache folder and could not be fetched')
    there = true
    await start(page)
    await trained(page, 1)
  } finally {
    await reluctant.close()
  }
})
