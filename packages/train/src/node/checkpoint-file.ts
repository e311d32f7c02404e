import { readFile } from 'node:fs/promises'
import {
  type Checkpoint,
  type CheckpointNotes,
  type CheckpointParts,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
} from '../checkpoint.ts'
import { CheckpointError } from '../errors.ts'
import { fileError, writeFileAtomic } from './atomic-write.ts'

/**
 * Saves a checkpoint in place of the one before, which stays whole until the new one is.
 *
 * @throws CheckpointError saying which file, what happened and what to do; the old checkpoint is then as it was
 */
export const saveCheckpoint = async <S extends Json>(file: string, parts: CheckpointParts, notes: CheckpointNotes<S>): Promise<void> => {
  const bytes = await encodeCheckpoint(parts, notes)
  try {
    await writeFileAtomic(file, bytes)
  } catch (error) {
    const { message } = error as Error
    throw new CheckpointError(`the checkpoint of ${bytes.length} bytes is not saved, what was there before is unchanged: ${message}`, {
      cause: error,
    })
  }
}

/** @throws CheckpointError if there is no such file, or it is cut off, damaged, or something else */
export const loadCheckpoint = async <S extends Json>(file: string): Promise<Checkpoint<S>> => {
  let bytes: Uint8Array
  try {
    bytes = await readFile(file)
  } catch (error) {
    throw new CheckpointError(fileError('read', file, error).message, { cause: error })
  }
  return await decodeCheckpoint<S>(bytes, file)
}
