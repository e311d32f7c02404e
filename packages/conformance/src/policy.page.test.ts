/** Pages under a strict Content-Security-Policy: what trains there, on which thread, and what is refused. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleScripts, type Headers, isolation, launchChromium, openPage, outcomeOf, serve } from './browser/pages.ts'
import type { Trained } from './browser/scripts/training.ts'

const policy = (scripts: string): Headers => ({ 'Content-Security-Policy': `default-src 'self'; script-src ${scripts}` })
const strict = policy("'self' 'wasm-unsafe-eval'")

const scripts = fileURLToPath(new URL('browser/scripts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'tenon-pages-'))
let browser: Browser
beforeAll(async () => {
  browser = await launchChromium()
  await bundleScripts(
    readdirSync(scripts).map((name) => join(scripts, name)),
    folder,
  )
})
afterAll(async () => {
  await browser.close()
  rmSync(folder, { recursive: true })
})

/** What the script's page publishes when it is served with these headers, and what goes wrong meanwhile. */
async function visit<T>(script: string, headers: Headers): Promise<{ outcome: T; problems: readonly string[] }> {
  const site = await serve(folder, headers)
  try {
    const { page, problems } = await openPage(browser, `${site.url}/${script}.html`)
    const outcome = await outcomeOf<T>(page)
    await page.close()
    return { outcome, problems }
  } finally {
    await site.close()
  }
}

describe("tensor, nn, autograd, optim and backend-wasm under script-src 'self' 'wasm-unsafe-eval'", () => {
  test.each([
    { script: 'train-in-page', place: 'Window', isolated: false },
    { script: 'train-in-page', place: 'Window', isolated: true },
    { script: 'train-in-worker', place: 'DedicatedWorkerGlobalScope', isolated: false },
    { script: 'train-in-worker', place: 'DedicatedWorkerGlobalScope', isolated: true },
  ])('train a small net in $place, cross-origin isolated: $isolated', async ({ script, place, isolated }) => {
    const { outcome, problems } = await visit<Trained>(script, { ...strict, ...(isolated && isolation) })
    expect(problems).toEqual([])
    expect(outcome).toMatchObject({
      place,
      isolated,
      report: { backend: 'wasm', details: { threads: 1, simd: '128 bits, relaxed' }, notes: [] },
    })
    expect(outcome.losses[0]).toBeGreaterThan(0.2)
    expect(outcome.losses.at(-1)).toBeLessThan(0.001)
  })
})

describe('what the policy refuses', () => {
  test('code made from text: the policy is in force', async () => {
    const { outcome } = await visit('make-code', strict)
    expect(outcome).toMatchObject({ error: expect.stringMatching(/^EvalError: .*Content Security Policy/) })
    expect(await visit('make-code', {})).toEqual({ outcome: 2, problems: [] })
  })

  test("backend-wasm without 'wasm-unsafe-eval': the error says what is missing, and the page goes on", async () => {
    const { outcome } = await visit<{ reason: string }>('without-wasm', policy("'self'"))
    expect(outcome).toEqual({
      reason: expect.stringMatching(
        /^BackendError: wasm: no WebAssembly may be compiled here: .* needs 'wasm-unsafe-eval' .*\. backend-cpu runs everywhere$/,
      ),
      sum: 6,
    })
  })
})
