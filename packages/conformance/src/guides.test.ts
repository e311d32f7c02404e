/**
 * The guides run as they stand, and print what they say. The TypeScript blocks of a section are one program, and what stands in fences without a
 * language is what it prints; a block that begins with `// name.ts` is a file that others import, that is a test, or that a line of shell runs.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { blocksOf, type Files, runFile } from './documents.ts'

const guides = ['tutorial', 'backends', 'memory-and-jit', 'custom-kernels', 'how-it-works']
const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Program {
  readonly title: string
  readonly main: string
  readonly debug: string | undefined
  readonly output: string
}

const fileName = (code: string): string | undefined => /^\/\/ ([\w.-]+\.ts)\n/.exec(code)?.[1]
const isTest = (file: string): boolean => file.endsWith('.test.ts')

/** What a guide has to run. */
function read(text: string): { files: Files; programs: Program[] } {
  const files: Record<string, string> = {}
  const programs: Program[] = []
  for (const [number, section] of text.split(/^## /m).entries()) {
    const [title] = section.split('\n', 1)
    const [own, printed]: string[][] = [[], []]
    let command: RegExpExecArray | null = null
    for (const { language, text } of blocksOf(section)) {
      const file = fileName(text)
      if (language === 'ts' && file) files[file] = text
      else if (language === 'ts') own.push(text)
      else if (language === '' && command) programs.push({ title: command[0], main: command[2]!, debug: command[1], output: text })
      else if (language === '') printed.push(text)
      command = language === 'sh' ? /^(?:TENON_DEBUG=(\d) )?node ([\w.-]+\.ts)$/m.exec(text) : null
    }
    if (own.length === 0) continue
    const main = `section-${number}.ts`
    files[main] = own.join('\n')
    programs.push({ title: title!, main, debug: undefined, output: printed.join('') })
  }
  return { files, programs }
}

/** In a line with a time, numbers differ from run to run; and `…` on a line of its own stands for any lines. */
const masked = (text: string): string => text.replace(/^.* ms\b.*$/gm, (line) => line.replace(/ *\d+\.\d+| *\d+(?= %)/g, ' …'))
function matches(printed: string, output: string): void {
  const parts = masked(output)
    .split(/^ *…\n/m)
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (parts.length === 1) expect(masked(printed)).toBe(masked(output))
  else expect(masked(printed)).toMatch(new RegExp(`^${parts.join('(?:.*\\n)+')}$`))
}

afterEach(() => {
  vi.unstubAllEnvs()
})

const contents = guides.map((guide) => ({ guide, ...read(readFileSync(join(root, 'docs', `${guide}.md`), 'utf8')) }))

for (const { guide, files, programs } of contents) {
  describe(guide, () => {
    test.each(programs)('$title', async ({ main, debug, output }) => {
      if (debug) {
        vi.resetModules() // it is read once, when the package is loaded
        vi.stubEnv('TENON_DEBUG', debug)
      }
      try {
        matches(await runFile(files, main), output)
      } finally {
        if (debug) vi.resetModules()
      }
    })

    test('every file is used', () => {
      const used = (file: string): boolean =>
        programs.some(({ main }) => main === file) || Object.values(files).some((text) => text.includes(`'./${file}'`))
      expect(Object.keys(files).filter((file) => !used(file) && !isTest(file))).toEqual([])
    })
  })

  for (const file of Object.keys(files).filter(isTest)) await runFile(files, file)
}

test('the types are right', async () => {
  const folder = join(root, 'packages/conformance/.cache/guides') // where packages are found by their names
  await rm(folder, { recursive: true, force: true })
  for (const { guide, files } of contents) {
    await mkdir(join(folder, guide), { recursive: true })
    for (const [file, text] of Object.entries(files)) await writeFile(join(folder, guide, file), text)
  }
  const compilerOptions = { noEmit: true, declaration: false, isolatedDeclarations: false, noUnusedLocals: false }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*/*.ts'] }),
  )
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' })
  expect(stdout).toBe('')
})
