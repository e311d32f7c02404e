/** What a README shows runs, and prints what stands below it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blocksOf, runFile } from './documents.ts'
import { packages } from './package-source.ts'

const examples = readdirSync(packages)
  .filter((name) => existsSync(join(packages, name, 'README.md')))
  .flatMap((name) => {
    const blocks = blocksOf(readFileSync(join(packages, name, 'README.md'), 'utf8'))
    return blocks.flatMap(({ language, text }, i) => {
      const next = blocks[i + 1]
      return language === 'ts' && next?.language === '' ? [{ name, code: text, output: next.text }] : []
    })
  })

test.each(examples)('the example of $name prints what stands below it', async ({ code, output }) => {
  expect(await runFile({ 'example.ts': code }, 'example.ts')).toBe(output)
})
