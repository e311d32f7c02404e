/**
 * Replaces a file whole or not at all. The new content is written beside the old one, forced to the disk and renamed
 * over it, so that a full disk, a kill or a power cut leaves the old file as it was. (The library for this,
 * write-file-atomic, leaves its temporary file behind when killed; a run that saves for days would pile them up.)
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FileError } from '../errors.ts'

/** `.NAME.PID.RANDOM.tmp`, which says whose it is and that nobody needs it. */
const temporaryName = (name: string): string => `.${name}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** What processes that were killed while writing `name` have left. Those still running keep theirs. */
const removeLeftovers = async (folder: string, name: string): Promise<void> => {
  for (const entry of await readdir(folder)) {
    if (!entry.startsWith(`.${name}.`) || !entry.endsWith('.tmp')) continue
    const pid = Number(entry.slice(name.length + 2).split('.')[0])
    if (pid !== process.pid && !isAlive(pid)) await unlink(join(folder, entry)).catch(() => {})
  }
}

const writeThrough = async (file: string, content: Uint8Array | string): Promise<void> => {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** A rename is on the disk once its folder is; some systems cannot open a folder, and need not. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r').catch(() => null)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

/** Writes `content` to `file`, making its folder if need be. @throws FileError if that fails; then `file` is as it was */
export const writeFileAtomic = async (file: string, content: Uint8Array | string): Promise<void> => {
  const [folder, name] = [dirname(file), basename(file)]
  const temporary = join(folder, temporaryName(name))
  try {
    await mkdir(folder, { recursive: true })
    await removeLeftovers(folder, name)
    await writeThrough(temporary, content)
    await rename(temporary, file)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw fileError('write', file, error)
  }
  await syncFolder(folder)
}

const causes: Readonly<Record<string, readonly [what: string, todo: string]>> = {
  ENOSPC: ['the disk is full', 'free some space and try again'],
  EDQUOT: ['your disk quota is used up', 'free some space and try again'],
  EFBIG: ['it would be larger than this process may write', 'raise the limit (ulimit -f)'],
  EACCES: ['you may not write there', 'choose another folder or change its permissions'],
  EPERM: ['you may not write there', 'choose another folder or change its permissions'],
  EROFS: ['it is on a read-only disk', 'choose another folder'],
  ENOTDIR: ['a part of its path is a file, not a folder', 'choose another folder'],
  EISDIR: ['it is a folder', 'choose another name'],
  ENOENT: ['there is no such file', 'check the path'],
}

/** The error of the system when asked to `verb` a file, in words. */
export const fileError = (verb: 'read' | 'write', file: string, cause: unknown): FileError => {
  const { code, message } = cause as NodeJS.ErrnoException
  const [what, todo] = causes[code ?? ''] ?? [message, null]
  return new FileError(`cannot ${verb} ${file}: ${what}${code ? ` (${code})` : ''}${todo ? `; ${todo}` : ''}`, {
    cause,
  })
}
