// Writes the lines that make a new op part of @tenon/tensor: src/ops/index.ts and src/samples/index.ts list every file of
// their folders. `--check` writes nothing and fails where a list is out of date.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = join(dirname(fileURLToPath(import.meta.url)), '../packages/tensor/src')
const note = '// Written by scripts/generate-ops-index.mjs; run it after adding a file here.'

/** As the linter sorts: `convolution.ts` before `convolution-transpose.ts`. */
const stem = (path) => path.replace(/(\.samples)?\.ts$/, '')
const before = (a, b) => (stem(a) < stem(b) ? -1 : 1)

const filesOf = (folder) =>
  readdirSync(join(source, folder))
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'))
    .sort(before)
const isSamples = (file) => file.endsWith('.samples.ts')
const identifier = (file) => file.replace('.samples.ts', '').replace(/-(.)/g, (_, letter) => letter.toUpperCase())

export function generated() {
  const ops = filesOf('ops').filter((f) => !isSamples(f) && f !== 'index.ts')
  const lists = [...filesOf('ops').map((f) => ['../ops', f]), ...filesOf('samples').map((f) => ['.', f])]
    .filter(([, file]) => isSamples(file))
    .map(([folder, file]) => ({ name: identifier(file), from: `${folder}/${file}` }))
    .sort((a, b) => before(a.from, b.from))
  const imports = [...lists.map((l) => [l.from, l.name]), ['./format.ts', 'type { Samples }']].sort(([a], [b]) => before(a, b))
  const all = [
    '/** Everything that has samples. */',
    'export const allSamples: readonly Samples[] = [',
    ...lists.map((l) => `  ${l.name},`),
    '].flat()',
  ]
  return {
    'ops/index.ts': [note, ...ops.map((f) => `export * from './${f}'`), ''].join('\n'),
    'samples/index.ts': [
      note,
      ...imports.map(([from, name]) => `import ${name} from '${from}'`),
      '',
      "export * from './contents.ts'",
      "export * from './format.ts'",
      '',
      ...all,
      '',
    ].join('\n'),
  }
}

/** The lists that differ from what stands in the folder. */
export const outOfDate = () =>
  Object.entries(generated()).filter(([file, text]) => {
    try {
      return readFileSync(join(source, file), 'utf8') !== text
    } catch {
      return true
    }
  })

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const stale = outOfDate()
  if (process.argv.includes('--check')) {
    for (const [file] of stale) console.error(`packages/tensor/src/${file} is out of date: run node scripts/generate-ops-index.mjs`)
    process.exitCode = stale.length > 0 ? 1 : 0
  } else {
    for (const [file, text] of stale) writeFileSync(join(source, file), text)
  }
}
