// The reference: the docstrings of every package that is published, between the guides and the READMEs, as a site in docs/dist.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Converter, MinimalSourceFile, normalizePath, ReflectionKind } from 'typedoc'

const root = join(import.meta.dirname, '..')
const inRoot = (...names) => normalizePath(join(root, ...names))
const folders = (parent) => readdirSync(inRoot(parent)).map((name) => inRoot(parent, name))

/** Every entry of a published package: what it is imported by, its source, its package's folder. `./internal` is not for users. */
const entries = folders('packages').flatMap((folder) => {
  const { name, private: isPrivate, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return Object.entries(isPrivate ? {} : (exports ?? {}))
    .filter(([entry]) => entry !== './internal')
    .map(([entry, source]) => ({ name: name + entry.slice(1), file: normalizePath(join(folder, source)), folder, isMain: entry === '.' }))
})

const guides = ['tutorial', 'from-pytorch', 'backends', 'memory-and-jit', 'custom-kernels', 'how-it-works', 'support']
const readmes = [...folders('apps'), inRoot('benchmarks')]

export default {
  name: 'Tenon',
  readme: inRoot('README.md'),
  projectDocuments: [
    ...guides.map((name) => inRoot('docs', `${name}.md`)),
    ...readmes.map((folder) => `${folder}/README.md`),
    inRoot('CONTRIBUTING.md'),
  ],
  entryPoints: entries.map(({ file }) => file),
  tsconfig: inRoot('docs/tsconfig.json'),
  skipErrorChecking: true, // tsc has done it, at the version that the packages are written for
  out: inRoot('docs/dist'),
  plugin: [named, documented],
  disableSources: true,
  visibilityFilters: {},
  highlightLanguages: ['bash', 'http', 'html', 'json', 'python', 'typescript'],
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
  treatWarningsAsErrors: true,
}

/**
 * Modules are called what they are imported by, and begin with their package's README; documents are called what their first line says. Where a
 * text links to a folder, that is its README.
 */
function named({ converter }) {
  converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const { files } = project
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const { name, folder, isMain } = entries.find(({ file }) => file === files.getReflectionPath(module))
      module.name = name
      if (!isMain) continue
      const readme = `${folder}/README.md`
      const [, text] = titled(readme)
      module.readme = converter.parseRawComment(new MinimalSourceFile(text, readme), files).content
      for (const path of [folder, readme]) files.registerReflectionPath(path, module)
    }
    for (const document of project.documents) {
      const path = files.getReflectionPath(document)
      document.name = titled(path)[0]
      if (path.endsWith('/README.md')) files.registerReflectionPath(path.slice(0, -'/README.md'.length), document)
    }
  })
}

/** The title of a text of Markdown, and what follows. */
function titled(file) {
  const [, title, text] = /^# ([^\n]*)\n(.*)/ms.exec(readFileSync(file, 'utf8'))
  return [title, text]
}

/** Every name that a package exports has a docstring. */
function documented({ converter, logger }) {
  const has = (declaration) => declaration.hasComment() || (declaration.signatures?.every((signature) => signature.hasComment()) ?? false)
  converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      for (const child of module.children) {
        if (!child.isReference() && !has(child)) logger.warn(`${module.name} exports ${child.name}, which has no docstring`)
      }
    }
  })
}
