import reservedIdentifiers from 'reserved-identifiers'
import validateName from 'validate-npm-package-name'
import { UsageError } from './errors.ts'
import type { Template } from './template.ts'

/** The names of a package: `@you/tenon-nn-my-layer`, `my-layer`, `MyLayer`. */
export interface Names {
  readonly package: string
  /** Of its main file, without the ending. */
  readonly file: string
  /** Of what it gives. */
  readonly identifier: string
}

const taken = (identifier: string): boolean => reservedIdentifiers().has(identifier) || identifier in globalThis
const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1)

/** @throws UsageError for what npm does not take as the name of a package, or JavaScript as that of a class or function */
export function namesOf({ kind, prefixes, gives }: Template, name: string): Names {
  const { validForNewPackages, errors = [], warnings = [] } = validateName(name)
  if (!validForNewPackages) throw new UsageError(`'${name}' cannot be the name of an npm package: ${[...errors, ...warnings].join(', ')}`)
  const withoutScope = name.split('/').at(-1)!
  const rest = prefixes.reduce(
    (left, prefix) => (left.length > prefix.length && left.startsWith(prefix) ? left.slice(prefix.length) : left),
    withoutScope,
  )
  const words = rest.split(/[^a-z0-9]+/).filter((word) => word !== '')
  const identifier = words.map((word, i) => (gives === 'function' && i === 0 ? word : capital(word))).join('')
  if (!/^[a-z]/i.test(identifier) || taken(identifier)) {
    throw new UsageError(
      `a ${kind} called '${name}' would be the ${gives} ${identifier || "''"}, and JavaScript has no room for that name: choose another`,
    )
  }
  return { package: name, file: words.join('-'), identifier }
}
