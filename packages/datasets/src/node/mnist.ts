import { DatasetError } from '../errors.ts'
import { type ImageDataset, idxImages } from '../idx.ts'
import { type FoundFile, findFile } from './cache.ts'
import { fashionMnistSet, type ImageSet, mnistSet } from './mnist-sources.ts'
import { type PinnedOptions, readPinned } from './pinned.ts'
import type { PinnedFile } from './sources.ts'

/** Options of `mnist` and `fashionMnist`. */
export interface MnistOptions extends PinnedOptions {
  /** The 60,000 images to train on, or the 10,000 to test with. Default true. */
  readonly train?: boolean
  /** A folder with files of one's own under the names of MNIST's, raw or with .gz. Nothing is then fetched or verified. */
  readonly dir?: string
}

/**
 * MNIST: images uint8 [N, 1, 28, 28], 0 is paper and 255 ink; labels int32 [N], the digit. Fetched once (11.5 MB), and
 * verified by checksum each time it is read.
 *
 * @throws DatasetError naming a damaged file, or saying how to go on where there is neither a cached copy nor a network
 */
export const mnist = (options?: MnistOptions): Promise<ImageDataset> => load(mnistSet, options)

/** The four files of MNIST by name, unpacked, for a server that passes them on to `idxImages` in a browser. Read as by `mnist`. */
export const mnistFiles = async (options?: PinnedOptions): Promise<ReadonlyMap<string, Uint8Array>> => filesOf(mnistSet, options)

/** Fashion-MNIST: 28 × 28 pictures of clothes, in all else like `mnist` (31 MB). Class k is `fashionMnistClasses[k]`. */
export const fashionMnist = (options?: MnistOptions): Promise<ImageDataset> => load(fashionMnistSet, options)

/** What the ten classes of Fashion-MNIST are called. */
export const fashionMnistClasses: readonly string[] = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
]

export const load = async (set: ImageSet, { train = true, dir, ...options }: MnistOptions = {}): Promise<ImageDataset> => {
  const split = train ? set.train : set.test
  const files = [split.images, split.labels] as const
  const [images, labels] = dir === undefined ? await readPinned(set, files, options) : await fromDir(dir, files)
  return idxImages(images.bytes, labels.bytes, { images: images.path, labels: labels.path })
}

export const filesOf = async (set: ImageSet, options?: PinnedOptions): Promise<ReadonlyMap<string, Uint8Array>> => {
  const found = await readPinned(set, set.files, options)
  return new Map(set.files.map(({ name }, i) => [name, found[i]!.bytes]))
}

const fromDir = async (dir: string, files: readonly [PinnedFile, PinnedFile]): Promise<[FoundFile, FoundFile]> => {
  const found = await Promise.all(files.map(({ name }) => findFile(dir, name)))
  const missing = files.filter((_, index) => !found[index]).map(({ name }) => name)
  if (missing.length === 0) return found as [FoundFile, FoundFile]
  throw new DatasetError(`${dir} has no ${missing.join(' and no ')} (raw, or with .gz); dir should be the folder of the idx files`)
}
