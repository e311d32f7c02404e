/** Pages under a strict Content-Security-Policy: what trains there, on which thread, and what is refused. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { workerSource } from '@tenon/backend-wasm'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleScripts, type Headers, isolation, launchChromium, openPage, outcomeOf, serve } from './browser/pages.ts'
import type { Threaded } from './browser/scripts/threads.ts'
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
  writeFileSync(join(folder, 'tenon-worker.js'), workerSource)
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
      report: {
        backend: 'wasm',
        details: { threads: isolated ? 2 : 1, simd: '128 bits, relaxed' },
        notes: isolated ? [] : [expect.stringMatching(/^one thread: the page is not cross-origin isolated/)],
      },
    })
    expect(outcome.losses[0]).toBeGreaterThan(0.2)
    expect(outcome.losses.at(-1)).toBeLessThan(0.001)
  })
})

describe('the threads of backend-wasm in a cross-origin isolated page', () => {
  const right = [2 ** 20, 2 ** 20, 2 ** 20, 2 ** 20]

  test.each([
    { script: 'threads-in-page', where: 'a page without a policy', headers: {} },
    { script: 'threads-in-worker', where: 'a worker of such a page', headers: {} },
    {
      script: 'threads-in-page',
      where: 'a page that lets workers be made from text',
      headers: policy("'self' 'wasm-unsafe-eval'; worker-src blob:"),
    },
    { script: 'threads-from-file', where: 'a page with the strict policy, from a file', headers: strict },
  ])('run in $where', async ({ script, headers }) => {
    const { outcome, problems } = await visit<Threaded>(script, { ...headers, ...isolation })
    expect(problems).toEqual([])
    expect(outcome).toMatchObject({ sums: right, report: { details: { threads: 2, workers: 'running' }, notes: [] } })
  })

  test('are not there under the strict policy: one thread computes the same, and the report says what to do', async () => {
    const { outcome } = await visit<Threaded>('threads-in-page', { ...strict, ...isolation })
    const note = expect.stringMatching(
      /^one thread: thread 2 of 2 could not be started \(.*worker-src.* needs blob:, or pass `workerUrl`\)$/,
    )
    expect(outcome).toMatchObject({ sums: right, report: { details: { threads: 1, workers: 'none' }, notes: [note] } })
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
