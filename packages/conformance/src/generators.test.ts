/** The generators of packages, each with its README. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backendTemplate } from '@tenon/create-backend'
import { runCreate } from '@tenon/create-kit'
import { layerTemplate } from '@tenon/create-layer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let cwd: string
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tenon-create-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

const filesOf = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
const withoutFolders = (files: readonly string[]): string[] => files.filter((file) => file.includes('.'))
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8')

describe.each([layerTemplate, backendTemplate])('npm create @tenon/$kind', (template) => {
  const { kind, folder } = template
  const readme = read(folder, '../README.md')
  const [, name, shown] = new RegExp(`^npm create @tenon/${kind} (\\S+)\n\`\`\`\n\n\`\`\`\n(.*?)\`\`\``, 'ms').exec(readme)!

  /** Runs the command. Gives what it prints, and the folder that it makes. */
  function create(name: string): { printed: string; made: string } {
    const printed: string[] = []
    const print = (text: string): void => void printed.push(text)
    expect(runCreate(template, '0.0.0', [name], { cwd, out: print, err: print, userAgent: undefined })).toBe(0)
    return { printed: printed.join(''), made: join(cwd, name.split('/').at(-1)!) }
  }

  test('prints what the README says', () => {
    expect(create(name!).printed).toBe(shown)
  })

  test('makes the files that the README names', () => {
    for (const file of filesOf(create(name!).made)) expect(readme).toContain(file)
  })

  test('gives the template where the names are those of the template', () => {
    const { made } = create(`tenon-my-${kind}`)
    const files = withoutFolders(filesOf(made))
    expect(files.length).toBeGreaterThan(8)
    for (const file of files)
      expect(read(made, file)).toBe(read(folder, file.replace('.gitignore', '_gitignore').replace(/^package/, '_package')))
  })

  test('leaves nothing of the template where they are others', () => {
    const { made } = create('@you/tenon-other')
    const texts = withoutFolders(filesOf(made)).map((file) => `${file}\n${read(made, file)}`)
    expect(texts.join('\n')).not.toMatch(new RegExp(`my-?${kind}`, 'i'))
  })
})
