import { readFile } from 'node:fs/promises'
import { fileError } from '@tenon/train/node'
import { PNG } from 'pngjs'
import { UsageError } from './errors.ts'
import { type Grey, greyFromRgba } from './image.ts'

/** A PNG file of any size and kind, as brightness. */
export const readPng = async (file: string): Promise<Grey> => {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError('read', file, error)
  })
  try {
    const { width, height, data } = PNG.sync.read(bytes)
    return greyFromRgba(width, height, data)
  } catch (error) {
    throw new UsageError(`${file} is not a PNG image, or a damaged one (${(error as Error).message}); convert it to PNG first`)
  }
}
