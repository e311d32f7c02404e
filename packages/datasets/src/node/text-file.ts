import { readFile } from 'node:fs/promises'
import { DatasetError } from '../errors.ts'

const causes: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check the path',
  EISDIR: 'it is a folder; name a file in it',
  ENOTDIR: 'a part of its path is a file, not a folder; check the path',
  EACCES: 'you may not read it; change its permissions',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than 2 GiB; give a part of it',
}

/**
 * A text file, whole. A byte order mark is left out; line breaks stay as they are.
 *
 * @throws DatasetError naming the file, where it is missing, empty, or not UTF-8, and saying what to do
 */
export const readTextFile = async (path: string): Promise<string> => {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new DatasetError(`cannot read ${path}: ${causes[code ?? ''] ?? message}`, { cause })
  }
  const text = decodeText(bytes, path)
  if (text === '') throw new DatasetError(`${path} is empty; give a file with text in it`)
  return text
}

/** @throws DatasetError naming `path` and the first byte that is no UTF-8 */
export const decodeText = (bytes: Uint8Array, path: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const at = firstWrongByte(bytes)
    const value = bytes[at]!.toString(16).toUpperCase().padStart(2, '0')
    const name = path.includes(' ') ? `'${path}'` : path
    throw new DatasetError(
      `${path} is not UTF-8 text: byte ${at} (0x${value}) cannot be read; ` +
        `convert it, if it is text, for example with: iconv -f LATIN1 -t UTF-8 ${name}`,
      { cause },
    )
  }
}

/** Where the longest part from the beginning that is UTF-8 ends. */
const firstWrongByte = (bytes: Uint8Array): number => {
  const decodes = (length: number, stream: boolean): boolean => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream })
      return true
    } catch {
      return false
    }
  }
  let [good, bad] = [0, bytes.length]
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    // As a stream it may end within a character, which is not wrong yet.
    if (decodes(middle, true)) good = middle
    else bad = middle
  }
  while (!decodes(good, false)) good--
  return good
}
