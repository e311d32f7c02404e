import { join } from 'node:path'
import { cacheFolder, type FoundFile, findPinned } from './cache.ts'
import { fillCache, type OnProgress } from './fill.ts'
import type { PinnedFile, PinnedSet } from './sources.ts'

export interface PinnedOptions {
  /** The folder in which data sets are kept. Default $TENON_DATA_DIR, $XDG_CACHE_HOME/tenon or ~/.cache/tenon. */
  readonly cacheDir?: string
  /** Called while files are fetched; never if they are in the cache. */
  readonly onProgress?: OnProgress
}

type Found<Files extends readonly PinnedFile[]> = { readonly [I in keyof Files]: FoundFile }

/**
 * Files of a published set: from the cache, which is filled first if one of them is not there.
 *
 * @throws DatasetError naming a damaged file, or saying how to go on where there is neither a cached copy nor a network
 */
export const readPinned = async <const Files extends readonly PinnedFile[]>(
  set: PinnedSet,
  files: Files,
  { cacheDir, onProgress }: PinnedOptions = {},
): Promise<Found<Files>> => {
  const folder = join(cacheFolder(cacheDir), set.folder)
  const read = () => Promise.all(files.map((file) => findPinned(folder, file)))
  let found = await read()
  if (found.includes(null)) {
    await fillCache(set, folder, onProgress)
    found = await read()
  }
  return found as unknown as Found<Files>
}
