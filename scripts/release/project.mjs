// Empty projects outside of the workspace, in which npm finds our packages in a registry of this machine and nowhere else.

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runAside } from '../run.mjs'

const npmrc = (registry) => {
  const { host } = new URL(registry.url)
  return [`registry=${registry.url}/`, `//${host}/:_authToken=nobody-asks`, 'audit=false', 'fund=false', 'update-notifier=false', ''].join(
    '\n',
  )
}

/**
 * @returns `folder`; `install(...specs)` as `npm install`; `write(file, text)` and `copy(from, file)` put files there; `run(command, ...args)`
 * runs a command there and gives `{ stdout, stderr }`
 */
export function emptyProject(registry, folder, manifest = {}) {
  mkdirSync(folder, { recursive: true })
  const project = {
    folder,
    write: (file, text) => writeFileSync(join(folder, file), text),
    copy: (from, file) => cpSync(from, join(folder, file)),
    // A registry in the environment would win over the one in .npmrc.
    run: (command, ...args) => runAside(command, args, { cwd: folder, env: { npm_config_registry: registry.url }, timeout: 180_000 }),
    install: (...specs) => project.run('npm', 'install', ...specs),
  }
  project.write('.npmrc', npmrc(registry))
  project.write('package.json', JSON.stringify({ name: 'a-project', version: '1.0.0', type: 'module', ...manifest }))
  return project
}
