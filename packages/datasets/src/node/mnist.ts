import { join } from 'node:path'
import { DatasetError } from '../errors.ts'
import { type ImageDataset, idxImages } from '../idx.ts'
import { cacheFolder, type FoundFile, findFile, findPinned } from './cache.ts'
import { fillCache, type OnProgress } from './fill.ts'
import { fashionMnistSet, mnistSet, type PinnedFile, type PinnedSet } from './sources.ts'

export interface MnistOptions {
  /** The 60,000 images to train on, or the 10,000 to test with. Default true. */
  readonly train?: boolean
  /** The folder in which data sets are kept. Default $TENON_DATA_DIR, $XDG_CACHE_HOME/tenon or ~/.cache/tenon. */
  readonly cacheDir?: string
  /** A folder with files of one's own under the names of MNIST's, raw or with .gz. Nothing is then fetched or verified. */
  readonly dir?: string
  /** Called while files are fetched; never if they are in the cache. */
  readonly onProgress?: OnProgress
}

/**
 * MNIST: images uint8 [N, 1, 28, 28], 0 is paper and 255 ink; labels int32 [N], the digit. Fetched once (11.5 MB), and
 * verified by checksum each time it is read.
 *
 * @throws DatasetError naming a damaged file, or saying how to go on where there is neither a cached copy nor a network
 */
export const mnist = (options?: MnistOptions): Promise<ImageDataset> => load(mnistSet, options)

/** Fashion-MNIST: 28 × 28 pictures of clothes, in all else like `mnist` (31 MB). Class k is `fashionMnistClasses[k]`. */
export const fashionMnist = (options?: MnistOptions): Promise<ImageDataset> => load(fashionMnistSet, options)

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

export const load = async (set: PinnedSet, { train = true, cacheDir, dir, onProgress }: MnistOptions = {}): Promise<ImageDataset> => {
  const split = train ? set.train : set.test
  const files = [split.images, split.labels]
  const [images, labels] = dir === undefined ? await fromCache(set, files, cacheDir, onProgress) : await fromDir(dir, files)
  return idxImages(images.bytes, labels.bytes, { images: images.path, labels: labels.path })
}

type Pair = readonly [images: FoundFile, labels: FoundFile]

const fromCache = async (
  set: PinnedSet,
  files: readonly PinnedFile[],
  cacheDir: string | undefined,
  onProgress: OnProgress | undefined,
): Promise<Pair> => {
  const folder = join(cacheFolder(cacheDir), set.folder)
  const read = () => Promise.all(files.map((file) => findPinned(folder, file)))
  let found = await read()
  if (found.includes(null)) {
    await fillCache(set, folder, onProgress)
    found = await read()
  }
  return found as unknown as Pair
}

const fromDir = async (dir: string, files: readonly PinnedFile[]): Promise<Pair> => {
  const found = await Promise.all(files.map(({ name }) => findFile(dir, name)))
  const missing = files.filter((_, index) => !found[index]).map(({ name }) => name)
  if (missing.length === 0) return found as unknown as Pair
  throw new DatasetError(`${dir} has no ${missing.join(' and no ')} (raw, or with .gz); dir should be the folder of the idx files`)
}
