import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const packages: string = fileURLToPath(new URL('../..', import.meta.url))

/** The source file that a name such as `@tenon/tensor` stands for, in quotes: for code outside of the workspace, where no package is found by its name. */
export function packageSource(name: string, entry = ''): string {
  const { exports } = JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8'))
  return `'${join(packages, name, exports[`.${entry}`])}'`
}
