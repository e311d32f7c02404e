import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect, it, vi } from 'vitest'

const packages = fileURLToPath(new URL('../..', import.meta.url))

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
const examples = [...readme.matchAll(/```ts\n((?:(?!```).)*)```\n\n```\n(.*?)```/gs)].map(([, code, output]) => ({ code, output }))

it('has the examples that are looked for here', () => {
  expect(examples).toHaveLength(3)
})

it.each(examples)('example %# of the README prints what stands below it', async ({ code = '', output = '' }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tenon-readme-'))
  const file = join(folder, 'example.ts')
  const lines: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...values) => {
    lines.push(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '))
  })
  try {
    // Outside the workspace, where no package can be found by its name.
    await writeFile(
      file,
      code.replace(/'@tenon\/(\w+)'/g, (_, name) => `'${packages}${name}/src/index.ts'`),
    )
    await import(file)
  } finally {
    log.mockRestore()
    await rm(folder, { recursive: true })
  }
  expect(`${lines.join('\n')}\n`).toBe(output)
})
