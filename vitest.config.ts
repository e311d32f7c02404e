import { readdirSync } from 'node:fs'
import { playwright } from '@vitest/browser-playwright'
import type { TestProjectInlineConfiguration, ViteUserConfig } from 'vitest/config'
import { chromiumArguments, findChromium } from './packages/conformance/src/browser/chromium.ts'

/** These run in a page of Chromium, all in the same one; */
const inPage = '{packages,apps}/*/src/**/*.browser.test.ts'
/** these run in Node and drive pages of their own. */
const withPages = '{packages,apps}/*/src/**/*.page.test.ts'

const chromium = findChromium()
if (chromium === null) skipBrowser()

/** Says it when all is over, where it is seen. */
function skipBrowser(): void {
  const { CHROME_PATH, TENON_REQUIRE_BROWSER } = process.env
  const how = `apt-get install chromium, or set CHROME_PATH${CHROME_PATH ? ` (it is ${CHROME_PATH}, which cannot be run)` : ''}`
  if (TENON_REQUIRE_BROWSER) throw new Error(`TENON_REQUIRE_BROWSER is set, and there is no Chromium: ${how}`)
  const files = ['packages', 'apps'].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
  const skipped = files.filter((file) => /\.(browser|page)\.test\.ts$/.test(file)).length
  process.on('exit', () => console.error(`Skipped ${skipped} test files that need a browser: ${how}`))
}

const timeouts = { testTimeout: 60_000, hookTimeout: 60_000 }

const node: TestProjectInlineConfiguration = {
  test: {
    name: 'node',
    include: [
      '{packages,apps}/*/src/**/*.test.ts',
      'packages/*/template/src/*.test.ts',
      'benchmarks/src/**/*.test.ts',
      'scripts/**/*.test.mjs',
    ],
    exclude: chromium === null ? [inPage, withPages] : [inPage],
    ...timeouts,
  },
}

const browser = (executablePath: string): TestProjectInlineConfiguration => ({
  // What is CommonJS is made a module before the first test: vite would else find it in the middle of one, and load the page anew.
  optimizeDeps: { include: ['@tenon/backend-gpujs > gpu.js'] },
  test: {
    name: 'browser',
    include: [inPage],
    isolate: false,
    fileParallelism: false,
    ...timeouts,
    browser: {
      enabled: true,
      provider: playwright({ launchOptions: { executablePath, args: [...chromiumArguments] } }),
      instances: [{ browser: 'chromium' }],
      headless: true,
      ui: false,
      screenshotFailures: false,
    },
  },
})

const config: ViteUserConfig = { test: { projects: chromium === null ? [node] : [node, browser(chromium)] } }

export default config
