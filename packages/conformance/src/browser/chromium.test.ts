import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { findChromium } from './chromium.ts'

const folder = mkdtempSync(join(tmpdir(), 'tenon-chromium-'))
afterAll(() => rmSync(folder, { recursive: true }))

const program = (name: string, mode = 0o755): string => {
  const file = join(folder, name)
  writeFileSync(file, '')
  chmodSync(file, mode)
  return file
}

const PATH = ['/nowhere', folder].join(delimiter)

test('a Chromium is looked for in every folder of PATH, by each of its names', () => {
  expect(findChromium({ PATH })).toBe(null)
  const chrome = program('google-chrome')
  expect(findChromium({ PATH })).toBe(chrome)
  const chromium = program('chromium')
  expect(findChromium({ PATH })).toBe(chromium)
  expect(findChromium({})).toBe(null)
})

test('CHROME_PATH is the one that is taken, or none is', () => {
  program('chromium')
  const own = program('own')
  expect(findChromium({ PATH, CHROME_PATH: own })).toBe(own)
  expect(findChromium({ PATH, CHROME_PATH: join(folder, 'missing') })).toBe(null)
  expect(findChromium({ PATH, CHROME_PATH: program('plain', 0o644) })).toBe(null)
  expect(findChromium({ PATH, CHROME_PATH: '' })).not.toBe(null)
})
