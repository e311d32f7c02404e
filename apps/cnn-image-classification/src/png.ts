import { readFile } from 'node:fs/promises'
import { UsageError } from '@tenon/app-kit'
import { fileError } from '@tenon/train/node'
import { PNG } from 'pngjs'
import { type Grey, greyFromRgba } from './image.ts'

/** What every PNG file begins with. */
const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** A PNG file of any size and kind, as brightness. */
export const readPng = async (file: string): Promise<Grey> => {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError('read', file, error)
  })
  if (!signature.every((byte, i) => bytes[i] === byte)) throw new UsageError(`${file} is not a PNG image; convert it to PNG first`)
  try {
    const { width, height, data } = PNG.sync.read(bytes)
    return greyFromRgba(width, height, data)
  } catch {
    throw new UsageError(`${file} is a damaged PNG image: what it holds cannot be read to the end`)
  }
}
