/** What a README shows runs, and prints what stands below it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { blocksOf, runFile } from './documents.ts'
import { packages } from './package-source.ts'

/** A template's example imports the package that it is. */
const templateSource = (name: string): string => `'${join(packages, name, 'src/index.ts')}'`

const examples = readdirSync(packages)
  .flatMap((name) => [name, join(name, 'template')])
  .concat('..')
  .filter((name) => existsSync(join(packages, name, 'README.md')))
  .flatMap((name) => {
    const blocks = blocksOf(readFileSync(join(packages, name, 'README.md'), 'utf8'))
    return blocks.flatMap(({ language, text }, i) => {
      const next = blocks[i + 1]
      const isExample = (language === 'ts' || language === 'js') && next?.language === ''
      return isExample ? [{ name, language, code: text, output: next.text }] : []
    })
  })

test.each(examples)('the example of $name prints what stands below it', async ({ name, language, code, output }) => {
  const file = `example.${language}`
  expect(await runFile({ [file]: code.replace(/'tenon-my-\w+'/, templateSource(name)) }, file)).toBe(output)
})
