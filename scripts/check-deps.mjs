// The rules that keep the packages apart, checked from the packages' own manifests and imports: nothing has to be kept up
// to date by hand but the table below.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync, Visitor } from 'oxc-parser'
import { root } from './run.mjs'

/** Which packages of ours a package may need: arrows point down only. Apps, benchmarks and conformance may need any. */
const below = {
  kernel: [],
  tensor: ['kernel', 'backend-cpu'],
  autograd: ['tensor'],
  nn: ['tensor'],
  optim: ['tensor'],
  datasets: ['tensor'],
  safetensors: ['tensor'],
  train: ['nn', 'optim', 'autograd', 'datasets', 'safetensors', 'tensor'],
  'app-kit': ['train', 'datasets', 'nn', 'optim', 'tensor', 'backend-cpu', 'backend-wasm', 'backend-gpujs'],
  testing: ['kernel', 'backend-cpu', 'tensor', 'autograd', 'nn', 'optim', 'datasets', 'safetensors'],
  'create-kit': [],
  'create-layer': ['create-kit'],
  'create-backend': ['create-kit'],
}
const backend = ['kernel']
const layerPackage = ['nn', 'tensor']
const mayNeed = (name) => below[name] ?? (name.startsWith('backend-') ? backend : layerPackage)
/** A package's own tests may use whatever is below it, near or far. */
const allBelow = (name) => [...new Set(mayNeed(name).flatMap((lower) => [lower, ...allBelow(lower)]))]
/** Those of a layer package or a backend also the suites, with all that these need. */
const forTests = (name) => (name in below ? allBelow(name) : [...allBelow(name), 'testing', ...allBelow('testing')])

/** For Node only, all of it. */
const nodeOnly = ['app-kit', 'create-kit', 'create-layer', 'create-backend']
const mayGenerateCode = ['backend-gpujs']

const installedKinds = ['dependencies', 'peerDependencies', 'optionalDependencies']
const dependencyKinds = [...installedKinds, 'devDependencies']
const isTest = (file) => /\.test\.ts$/.test(file)
const isBuiltin = (name) => name.startsWith('node:') || builtinModules.includes(name)
const packageOf = (specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
const shortName = (name) => name.replace('@tenon/', '')

/** What breaks a rule in the workspace at `folder`, one sentence for each. */
export function checkDependencies(folder) {
  const projects = findProjects(folder)
  const shared = Object.keys(readManifest(folder)?.devDependencies ?? {})
  return [
    ...projects.flatMap((project) => checkManifest(project, projects)),
    ...findCycles(projects),
    ...projects.flatMap((project) => sources(project.folder).flatMap((file) => checkFile(file, project, shared, folder))),
  ]
}

function findProjects(folder) {
  const list = (parent) => (existsSync(join(folder, parent)) ? readdirSync(join(folder, parent)).map((name) => join(parent, name)) : [])
  return [...list('packages'), ...list('apps'), 'benchmarks'].flatMap((path) => {
    const manifest = readManifest(join(folder, path))
    if (!manifest) return []
    const free = !path.startsWith('packages') || manifest.name === '@tenon/conformance'
    return [{ path, folder: join(folder, path), name: manifest.name, manifest, free }]
  })
}

function readManifest(folder) {
  const file = join(folder, 'package.json')
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
}

const listed = (project, kinds) => kinds.flatMap((kind) => Object.keys(project.manifest[kind] ?? {}))

function checkManifest(project, projects) {
  if (project.free) return []
  const ours = (names) => names.filter((name) => projects.some((other) => other.name === name))
  const rule = (allowed) => `arrows point down only, and ${project.name} may need ${allowed.join(', ') || 'none of ours'}`
  const check = (names, allowed, why) =>
    ours(names)
      .filter((name) => !allowed.includes(shortName(name)))
      .map((name) => `${project.path}/package.json lists ${name}${why}: ${rule(allowed)}`)
  const name = shortName(project.name)
  const needed = listed(project, installedKinds)
  const more = listed(project, ['devDependencies']).filter((other) => !needed.includes(other))
  return [...check(needed, mayNeed(name), ''), ...check(more, forTests(name), ' for its tests')]
}

function findCycles(projects) {
  const byName = new Map(projects.map((project) => [project.name, project]))
  const done = new Set()
  const cycles = []
  const visit = (project, trail) => {
    if (trail.includes(project.name)) {
      const cycle = [...trail.slice(trail.indexOf(project.name)), project.name]
      cycles.push(`the packages ${cycle.join(' → ')} need each other: no cycles, devDependencies included`)
      return
    }
    if (done.has(project)) return
    for (const name of listed(project, dependencyKinds)) if (byName.has(name)) visit(byName.get(name), [...trail, project.name])
    done.add(project)
  }
  for (const project of projects) visit(project, [])
  return cycles
}

function sources(folder) {
  const src = join(folder, 'src')
  if (!existsSync(src)) return []
  return readdirSync(src, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(src, name))
}

function checkFile(file, project, shared, folder) {
  const { imports, generatesCode } = parse(file)
  const where = relative(folder, file)
  const inNode = file.startsWith(join(project.folder, 'src', 'node') + sep)
  const unpublished = isTest(file) || project.free
  const nodeAllowed = unpublished || inNode || nodeOnly.includes(shortName(project.name))
  const names = unpublished ? [...listed(project, dependencyKinds), ...shared] : listed(project, installedKinds)
  const problems = []
  const wrong = (specifier, rule) => problems.push(`${where} imports '${specifier}': ${rule}`)

  for (const specifier of imports) {
    if (specifier.startsWith('.')) {
      const target = resolve(file, '..', specifier)
      if (!target.startsWith(project.folder + sep)) wrong(specifier, `a relative import stays inside ${project.name}`)
      else if (!nodeAllowed && target.startsWith(join(project.folder, 'src', 'node') + sep))
        wrong(specifier, 'what is in src/node/ is for Node only, and everything else runs in a browser too')
    } else if (isBuiltin(specifier)) {
      if (!nodeAllowed) wrong(specifier, 'Node-only code lives in src/node/, behind the entry ./node')
    } else if (!names.includes(packageOf(specifier))) {
      wrong(specifier, `${project.path}/package.json does not list ${packageOf(specifier)}`)
    } else if (!nodeAllowed && /^@tenon\/[^/]+\/node$/.test(specifier)) {
      wrong(specifier, 'a /node entry may be used in src/node/ only')
    }
  }
  if (generatesCode && !unpublished && !mayGenerateCode.includes(shortName(project.name)))
    problems.push(`${where} uses ${generatesCode}: no code is made from text on the default path`)
  return problems
}

function parse(file) {
  const imports = new Set()
  let generatesCode
  const add = (source) => source?.type === 'Literal' && imports.add(source.value)
  const call = ({ callee, arguments: args }) => {
    if (callee.name === 'eval') generatesCode = 'eval'
    if (callee.name === 'Function') generatesCode = 'Function'
    if (callee.name === 'require') add(args[0])
  }
  const { program, errors } = parseSync(file, readFileSync(file, 'utf8'))
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
  new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    CallExpression: call,
    NewExpression: call,
  }).visit(program)
  return { imports, generatesCode }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = checkDependencies(root)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length > 0 ? 1 : 0
}
