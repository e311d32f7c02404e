/** What a README shows runs, and prints what stands below it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { cpu } from '@tenon/backend-cpu'
import { useBackend } from '@tenon/tensor'
import { expect, test, vi } from 'vitest'
import { packageSource, packages } from './package-source.ts'

/** For the match of a package's name in code. */
const source = (_: string, name: string, entry?: string): string => packageSource(name, entry)

/** A template's example imports the package that it is. */
const templateSource = (name: string): string => `'${join(packages, name, 'src/index.ts')}'`

const examples = readdirSync(packages)
  .flatMap((name) => [name, join(name, 'template')])
  .concat('..')
  .filter((name) => existsSync(join(packages, name, 'README.md')))
  .flatMap((name) => {
    const text = readFileSync(join(packages, name, 'README.md'), 'utf8')
    return [...text.matchAll(/```(ts|js)\n(.*?)```\n\n```\n(.*?)```/gs)].map(([, language, code, output]) => ({
      name,
      language,
      code,
      output,
    }))
  })

test.each(examples)('the example of $name prints what stands below it', async ({ name, language, code, output }) => {
  // Outside the workspace, where no package can be found by its name.
  const folder = await mkdtemp(join(tmpdir(), 'tenon-readme-'))
  const file = join(folder, `example.${language}`)
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => {
    lines.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
  })
  try {
    const ours = code!.replace(/'@tenon\/([\w-]+)(\/[\w-]+)?'/g, source)
    await writeFile(file, ours.replace(/'tenon-my-\w+'/, templateSource(name)))
    await import(file)
  } finally {
    log.mockRestore()
    await useBackend(cpu())
    await rm(folder, { recursive: true })
  }
  expect(`${lines.join('\n')}\n`).toBe(output)
})
