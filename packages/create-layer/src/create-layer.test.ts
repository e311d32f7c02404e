import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCreate } from '@tenon/create-kit'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { layerTemplate } from './index.ts'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tenon-create-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

/** Runs the command. Gives what it prints. */
function create(...argv: string[]): string {
  const printed: string[] = []
  const print = (text: string): void => void printed.push(text)
  expect(runCreate(layerTemplate, '0.0.0', argv, { cwd, out: print, err: print, userAgent: undefined })).toBe(0)
  return printed.join('')
}

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')

test('the README shows a command and what it prints', () => {
  const [, name, printed] = /^npm create @tenon\/layer (\S+)\n```\n\n```\n(.*?)```/ms.exec(readme)!
  expect(create(name!)).toBe(printed)
})

test('the README names every file', () => {
  create('nn-kan')
  for (const file of filesOf(join(cwd, 'nn-kan'))) expect(readme).toContain(file)
})

test('under the names of the template, a package is the template', () => {
  create('tenon-my-layer')
  const read = (folder: string, file: string): string => readFileSync(join(folder, file), 'utf8')
  const made = join(cwd, 'tenon-my-layer')
  const files = filesOf(made).filter((file) => file.includes('.'))
  expect(files.length).toBeGreaterThan(8)
  for (const file of files)
    expect(read(made, file)).toBe(read(layerTemplate.folder, file.replace('.gitignore', '_gitignore').replace(/^package/, '_package')))
})

test('nothing of the template is left under other names', () => {
  create('@you/tenon-other')
  const folder = join(cwd, 'tenon-other')
  const texts = filesOf(folder)
    .filter((file) => file.includes('.'))
    .map((file) => `${file}\n${readFileSync(join(folder, file), 'utf8')}`)
  expect(texts.join('\n')).not.toMatch(/my-?layer/i)
})
