// Two versions of @tenon/tensor in one project, as npm leaves them when somebody's package asks for the other one: one warning, no wrong
// result, and an error that says what to do where a tensor of one reaches the other. In Node, and in one bundle.

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { packTar } from 'modern-tar'
import { emptyProject } from './project.mjs'
import { filesOf, manifestOf } from './registry.mjs'

const otherVersion = '0.0.1'
const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value))

/** A package as bytes, from its files. */
const packed = async (files) =>
  gzipSync(
    await packTar(
      [...files].map(([name, content]) => ({ header: { name: `package/${name}`, size: Buffer.byteLength(content) }, body: content })),
    ),
  )

/** Of a stranger, whose package stays with the version that it was made for. */
const stranger = new Map(
  Object.entries({
    'package.json': {
      name: 'layers-of-a-stranger',
      version: '1.0.0',
      type: 'module',
      exports: './index.js',
      dependencies: { '@tenon/tensor': otherVersion },
    },
    'index.js':
      "import { tensor } from '@tenon/tensor'\nexport const make = () => tensor([3, 4])\nexport const double = (x) => tensor(2).mul(x)\n",
  }).map(([name, content]) => [name, text(content)]),
)

const program = `
import { double, make } from 'layers-of-a-stranger'
import { tensor } from '@tenon/tensor'
const refused = (fn) => { try { return fn() && 'taken' } catch (error) { return error.message } }
console.log(JSON.stringify({
  apart: [await tensor([1, 2]).mul(2).toArray(), await make().mul(2).toArray()],
  mixed: [refused(() => tensor([1, 2]).add(make())), refused(() => double(tensor([1, 2])))],
}))
`

export async function twoVersions(registry, folder) {
  const tensor = registry.tarball('@tenon/tensor')
  const manifest = await manifestOf(tensor)
  const files = await filesOf(tensor)
  const [before] = files.get('dist/version.js').toString().match(/'.*'/)
  files.set('package.json', text({ ...manifest, version: otherVersion }))
  files.set('dist/version.js', files.get('dist/version.js').toString().replace(before, `'${otherVersion}'`))
  await registry.add(await packed(files), 'older')
  await registry.add(await packed(stranger))

  const project = emptyProject(registry, folder)
  await project.install('@tenon/tensor', 'layers-of-a-stranger')
  project.write('main.mjs', program)
  await build({
    entryPoints: [join(folder, 'main.mjs')],
    outfile: join(folder, 'bundle.mjs'),
    bundle: true,
    format: 'esm',
    minify: true,
    logLevel: 'error',
  })
  const problems = []
  for (const file of ['main.mjs', 'bundle.mjs']) {
    const wrong = problemWith(await project.run('node', file), [manifest.version, otherVersion])
    if (wrong) problems.push(`${file}: ${wrong}`)
  }
  const lines = [
    `@tenon/tensor ${manifest.version} beside ${otherVersion}, as modules and in one bundle: one warning, both right, tensors of the other refused`,
  ]
  return { lines: problems.length > 0 ? [] : lines, problems, summary: 'two versions are told apart' }
}

function problemWith({ stdout, stderr }, versions) {
  const { apart, mixed } = JSON.parse(stdout)
  const warnings = stderr.split('\n').filter((line) => line.includes('@tenon/tensor is loaded twice'))
  if (warnings.length !== 1 || !versions.every((version) => warnings[0].includes(version)))
    return `one warning of both versions is due, and there is: ${stderr || 'none'}`
  if (JSON.stringify(apart) !== '[[2,4],[6,8]]') return `each doubles its numbers, and there is ${JSON.stringify(apart)}`
  const taken = mixed.find(
    (message) => !/^A tensor of one copy of @tenon\/tensor was given to another: .*npm ls @tenon\/tensor/.test(message),
  )
  return taken ? `a tensor of the other copy is to be refused, and there is: ${taken}` : null
}
