/** The files of MNIST, from the cache or from where they are published. */

/** By name, as in the cache. */
export type DataFiles = ReadonlyMap<string, Uint8Array>

/** Reads once what everyone asks for. After a failure, whoever asks next has it tried again. */
export const readOnce = (read: () => Promise<DataFiles>): (() => Promise<DataFiles>) => {
  let files: Promise<DataFiles> | null = null
  return () => {
    files ??= read().catch((error: unknown) => {
      files = null
      throw error
    })
    return files
  }
}
