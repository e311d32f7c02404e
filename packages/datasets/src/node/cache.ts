import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { DatasetError } from '../errors.ts'
import type { PinnedFile } from './sources.ts'

/** Where data sets are kept: `cacheDir`, else $TENON_DATA_DIR, else $XDG_CACHE_HOME/tenon, else ~/.cache/tenon. */
export const cacheFolder = (cacheDir?: string): string => {
  const { TENON_DATA_DIR: own, XDG_CACHE_HOME: caches } = process.env
  return resolve(cacheDir || own || join(caches || join(homedir(), '.cache'), 'tenon'))
}

/** A file as it was found: unpacked, with the path to name in errors. */
export interface FoundFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** Reads `name` or `name.gz` from a folder; null if neither is there. */
export const findFile = async (folder: string, name: string): Promise<FoundFile | null> => {
  const path = join(folder, name)
  const bytes = await readIfThere(path)
  if (bytes) return { path, bytes }
  const packed = await readIfThere(`${path}.gz`)
  if (!packed) return null
  try {
    return { path: `${path}.gz`, bytes: await promisify(gunzip)(packed) }
  } catch (cause) {
    throw new DatasetError(`${path}.gz cannot be unpacked: ${(cause as Error).message}. Delete it and fetch it again.`, { cause })
  }
}

/** Like `findFile`, for a file whose content is known. @throws DatasetError naming the file if it has another content */
export const findPinned = async (folder: string, file: PinnedFile): Promise<FoundFile | null> => {
  const found = await findFile(folder, file.name)
  const problem = found && difference(found.bytes, file)
  if (!problem) return found
  throw new DatasetError(
    `${found.path} is damaged: ${problem}. Nothing was changed; delete the file and run this again to fetch a good copy.`,
  )
}

/** What is wrong with the content of a file, in words; null if nothing is. */
export const difference = (bytes: Uint8Array, { bytes: expected, sha256 }: PinnedFile): string | null => {
  if (bytes.length !== expected) return `it should have ${expected} bytes and has ${bytes.length}`
  const found = createHash('sha256').update(bytes).digest('hex')
  return found === sha256 ? null : `its sha256 should be ${sha256} and is ${found}`
}

const readIfThere = async (path: string): Promise<Uint8Array | null> => {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new DatasetError(`${path} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
