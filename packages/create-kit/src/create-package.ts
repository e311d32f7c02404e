import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { UsageError } from './errors.ts'
import { type Names, namesOf } from './names.ts'
import type { Template } from './template.ts'

/** What was made. */
export interface NewPackage {
  readonly names: Names
  /** Paths in its folder. */
  readonly files: readonly string[]
}

/**
 * Makes the package `name` from a template, in `folder`, which is made too.
 *
 * @throws UsageError for a name that does not do, and where something is already
 */
export function createPackage(template: Template, name: string, folder: string): NewPackage {
  const names = namesOf(template, name)
  const sources = readTemplate(template.folder)
  const own = namesOf(template, JSON.parse(sources.get('package.json')!).name)
  checkClashes(template, sources, names, own)
  checkEmpty(folder)

  const rename = renaming(own, names)
  const files = [...sources].map(([path, text]) => {
    const file = rename(path)
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), rename(text))
    return file
  })
  return { names, files: files.sort() }
}

/** The texts of a template by the paths that they will have. What npm would take for its own is `_gitignore` and `_package.json` there. */
function readTemplate(folder: string): Map<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/^(node_modules|dist)\b/.test(path)) // of a template that was tried out where it is
    .filter((path) => statSync(join(folder, path)).isFile())
  return new Map(
    paths.map((path) => [
      path.replaceAll('\\', '/').replace('_gitignore', '.gitignore').replace('_package.json', 'package.json'),
      readFileSync(join(folder, path), 'utf8'),
    ]),
  )
}

function checkClashes({ kind }: Template, sources: Map<string, string>, names: Names, own: Names): void {
  if (names.file !== own.file && sources.has(`src/${names.file}.ts`))
    throw new UsageError(
      `a ${kind} called '${names.package}' would be in src/${names.file}.ts, where something else is: choose another name`,
    )
  const imported = [...sources.values()].flatMap((text) =>
    [...text.matchAll(/^import (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list!.match(/\w+/g) ?? []),
  )
  if (names.identifier !== own.identifier && imported.includes(names.identifier))
    throw new UsageError(`a ${kind} called '${names.package}' would be ${names.identifier}, which Tenon has: choose another name`)
}

function checkEmpty(folder: string): void {
  try {
    if (readdirSync(folder).length > 0) throw new UsageError(`${folder} is not empty: choose another name, or another place with --folder`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR') throw new UsageError(`${folder} is a file: choose another name, or another place with --folder`)
    if (code !== 'ENOENT') throw error
  }
}

/** Puts the names of one package in the place of another's. */
function renaming(from: Names, to: Names): (text: string) => string {
  const pairs = new Map((['package', 'file', 'identifier'] as const).map((part) => [from[part], to[part]]))
  // The longest first: the name of the package has that of the file in it.
  const pattern = new RegExp([...pairs.keys()].sort((a, b) => b.length - a.length).join('|'), 'g')
  return (text) => text.replace(pattern, (found) => pairs.get(found)!)
}
