// Runs commands without their chatter: one line a phase, and all of the output only when something goes wrong.

import { execFile, spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

process.env.TURBO_TELEMETRY_DISABLED = '1'
process.env.DO_NOT_TRACK = '1'

export class CommandError extends Error {
  constructor(command, output) {
    super(`${command} failed`)
    this.output = output
  }
}

/** What `command` prints to standard output; throws a CommandError with all that it printed if it fails. */
export function run(command, args, { env = {}, cwd = root } = {}) {
  const line = [command, ...args].join(' ')
  const result = spawnSync(command, args, {
    cwd,
    env: { ...withoutNpm(process.env), ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
  })
  if (result.error) throw new CommandError(line, String(result.error))
  if (result.status !== 0) throw new CommandError(line, result.stdout + result.stderr)
  return result.stdout
}

/** As `run`, while this process goes on, and serves what the command asks of it. Gives what it prints to both, apart. */
export function runAside(command, args, { env = {}, cwd = root, timeout = 0 } = {}) {
  const options = { cwd, timeout, env: { ...withoutNpm(process.env), ...env }, maxBuffer: 1 << 28 }
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) resolve({ stdout, stderr })
      else
        reject(
          new CommandError(
            [command, ...args].join(' '),
            `${stdout}${stderr}${error.killed ? `no end after ${timeout / 1000} s` : ''}` || String(error),
          ),
        )
    })
    child.stdin.end()
  })
}

// `npm start` tells its children about itself in the environment, and they would take it for their own settings.
function withoutNpm(env) {
  const own =
    /^npm_(package_|lifecycle_|command$|execpath$|node_execpath$|config_(local_prefix|prefix|global_prefix|user_agent|init_module|node_gyp|npm_version)$)/
  return Object.fromEntries(Object.entries(env).filter(([name]) => !own.test(name)))
}

/** Says on standard error what begins, and how long it took when the returned function is called. */
export function phase(name) {
  const began = performance.now()
  process.stderr.write(`${name} … `)
  return (ending = '') => process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1)} s${ending}\n`)
}

/** Runs the body of a script; a failed command ends it with the command's own words. */
export async function main(body) {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    process.stderr.write(`\n${error.output}\n${error.message}\n`)
    process.exitCode = 1
  }
}
