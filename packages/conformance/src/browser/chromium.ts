/** Where a Chromium lies on this machine, and what it is started with for a test. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Looked for in the folders of PATH. */
const names = ['chromium', 'chromium-browser', 'google-chrome']

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The path of a Chromium, or null. Where CHROME_PATH is set, it is that one or none. */
export function findChromium({ CHROME_PATH, PATH = '' }: NodeJS.ProcessEnv = process.env): string | null {
  const places = CHROME_PATH ? [CHROME_PATH] : names.flatMap((name) => PATH.split(delimiter).map((folder) => join(folder, name)))
  return places.find(isExecutable) ?? null
}

/** Runs as root, calls nobody, and has WebGL2 and WebGPU, in software where the machine has no GPU. */
export const chromiumArguments: readonly string[] = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--enable-unsafe-webgpu',
]
