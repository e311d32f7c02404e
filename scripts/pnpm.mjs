// A fresh machine has Node and npm, not pnpm. This fetches pnpm, through npx, at the version that package.json pins,
// and installs with it. Nothing is fetched or installed twice while the manifests and the lockfile stay the same.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { phase, root, run, runAside } from './run.mjs'

const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1]
const memory = join(root, 'node_modules/.tenon')
const remembered = (name) => (existsSync(join(memory, name)) ? readFileSync(join(memory, name), 'utf8') : '')
const remember = (name, text) => {
  mkdirSync(memory, { recursive: true })
  writeFileSync(join(memory, name), text)
}

/** Puts pnpm on the PATH of this process and of all that it starts: turbo runs scripts with it. */
export function providePnpm() {
  if (process.env.npm_config_user_agent?.startsWith(`pnpm/${version} `)) return
  let folder = remembered(`pnpm-${version}`)
  if (!existsSync(join(folder, 'pnpm'))) {
    folder = folderOf('pnpm', run(...npx(`pnpm@${version}`)))
    remember(`pnpm-${version}`, folder)
  }
  process.env.PATH = [folder, process.env.PATH].join(delimiter)
}

const npx = (spec) => ['npx', ['--yes', `--package=${spec}`, '--', process.execPath, '-p', 'process.env.PATH']]

function folderOf(name, printed) {
  const path = printed.trim()
  const folder = path.split(delimiter).find((entry) => entry.includes('_npx') && existsSync(join(entry, name)))
  if (!folder) throw new Error(`npx fetched ${name}, which then is in no folder of its PATH: ${path}`)
  return folder
}

/** The file of a program that comes in a package of its name, fetched once by npx. */
export async function fetchProgram(name, version) {
  const known = remembered(`${name}-${version}`)
  if (existsSync(join(known, name))) return join(known, name)
  const [command, args] = npx(`${name}@${version}`)
  const folder = folderOf(name, (await runAside(command, args)).stdout)
  remember(`${name}-${version}`, folder)
  return join(folder, name)
}

/** Installs what the app `project` needs to be built and run, or everything. */
export function install(project) {
  const state = manifests()
  const everything = !project || remembered('installed-everything') !== ''
  const scope = everything ? 'everything' : project
  if (remembered(`installed-${scope}`) === state) return
  const done = phase(`install ${everything ? 'everything' : `what ${project} needs`}`)
  providePnpm()
  const selection = everything ? [] : ['--prod', '--filter', `${project}...`]
  // CI=true: pnpm asks nothing.
  run('pnpm', ['install', '--frozen-lockfile', ...selection], { env: { CI: 'true' } })
  remember(`installed-${scope}`, state)
  done()
}

function manifests() {
  const projects = ['packages', 'apps'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  const hash = createHash('sha256').update(version)
  for (const folder of ['.', 'benchmarks', 'docs', ...projects.sort()]) {
    const manifest = join(root, folder, 'package.json')
    if (existsSync(manifest)) hash.update(folder).update(readFileSync(manifest))
  }
  for (const file of ['pnpm-workspace.yaml', 'pnpm-lock.yaml']) hash.update(readFileSync(join(root, file)))
  return hash.digest('hex')
}
