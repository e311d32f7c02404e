/** A peer in a page of a Chromium of its own. CHROME_PATH says where Chromium is, if not at /usr/bin/chromium. */
import { fileURLToPath } from 'node:url'
import type { runTurn, Turn } from '../round.ts'
import type {} from './page.ts'

const name = 'playwright-core' // Not bundled: it reads files from where it lies.

/** Takes steps of `program` in the page. */
export const openPage = async (program: string): Promise<(turn: Turn) => ReturnType<typeof runTurn>> => {
  const { chromium } = (await import(name)) as typeof import('playwright-core')
  const browser = await chromium.launch({
    executablePath: process.env['CHROME_PATH'] || '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  const page = await browser.newPage()
  await page.addScriptTag({ path: fileURLToPath(new URL('page.js', import.meta.url)), type: 'module' })
  await page.waitForFunction('globalThis.start')
  await page.evaluate((program) => globalThis.start(program), program)
  return (turn) => page.evaluate((turn) => globalThis.run(turn), turn)
}
