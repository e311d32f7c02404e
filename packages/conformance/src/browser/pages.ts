/** Sites of a test's own, and pages of Chromium that show them. For `*.page.test.ts`, which run only where there is a Chromium. */
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { type Browser, chromium, type Page } from 'playwright-core'
import sirv, { type Options } from 'sirv'
import { chromiumArguments, findChromium } from './chromium.ts'

export type Headers = Readonly<Record<string, string>>

/** Headers that make a page cross-origin isolated, so that it has SharedArrayBuffer. */
export const isolation: Headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

export interface Site {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves a folder on a free port of 127.0.0.1, each file with these headers. */
export async function serve(folder: string, headers: Headers = {}): Promise<Site> {
  const setHeaders: Options['setHeaders'] = (response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  }
  const server = createServer(sirv(folder, { dev: true, setHeaders }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Bundles scripts into a folder, and with each a page that does nothing but load it: page.ts becomes page.js and page.html. */
export async function bundleScripts(files: readonly string[], folder: string): Promise<void> {
  await build({ entryPoints: [...files], outdir: folder, bundle: true, format: 'esm', target: 'es2022', logLevel: 'warning' })
  for (const name of files.map((file) => basename(file, '.ts')))
    await writeFile(join(folder, `${name}.html`), `<!doctype html><title>${name}</title><script type="module" src="${name}.js"></script>`)
  // A browser asks for it, and would find its absence an error.
  await writeFile(join(folder, 'favicon.ico'), '')
}

/** @param more of Chromium's own arguments */
export function launchChromium(...more: readonly string[]): Promise<Browser> {
  const executablePath = findChromium()
  if (executablePath === null)
    throw new Error('There is no Chromium here: name the file *.page.test.ts, and it runs only where there is one')
  return chromium.launch({ executablePath, args: [...chromiumArguments, ...more] })
}

export interface WatchedPage {
  readonly page: Page
  /** Grows with what goes wrong: errors that nobody catches, and what the console shows as an error, all that a policy refuses among it. */
  readonly problems: readonly string[]
}

/** Opens an address in a page that shares nothing with other pages. */
export async function openPage(browser: Browser, url: string): Promise<WatchedPage> {
  const page = await browser.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text())
  })
  await page.goto(url)
  return { page, problems }
}

/** What the page's script published: its value, or `{ error }` with the words of what it threw. */
export const outcomeOf = <T>(page: Page): Promise<T> => page.evaluate(() => (globalThis as unknown as { outcome: Promise<T> }).outcome)
