/** The data sets by name, and what is special about each. */
import { reportFetch } from '@tenon/app-kit'
import { DataLoader, field, type ImageDataset, normalize, subset } from '@tenon/datasets'
import { fashionMnist, fashionMnistClasses, type MnistOptions, mnist } from '@tenon/datasets/node'
import type { Placement } from './image.ts'
import type { DataName } from './options.ts'

export interface DataSet {
  readonly title: string
  readonly classes: readonly string[]
  /** Mean and standard deviation of the training images, where 0 is background and 1 is ink. */
  readonly mean: number
  readonly std: number
  /** Where a picture's ink is put so that it looks like the images of this set. */
  readonly placement: Placement
  readonly load: (options: MnistOptions) => Promise<ImageDataset>
}

export const dataSets: Readonly<Record<DataName, DataSet>> = {
  mnist: {
    title: 'MNIST',
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    mean: 0.1307,
    std: 0.3081,
    placement: { side: 20, centre: 'mass' },
    load: mnist,
  },
  'fashion-mnist': {
    title: 'Fashion-MNIST',
    classes: fashionMnistClasses,
    mean: 0.286,
    std: 0.353,
    placement: { side: 28, centre: 'box' },
    load: fashionMnist,
  },
}

export interface Data {
  readonly train: ImageDataset
  readonly test: ImageDataset
}

/** Both parts of a data set; says what is fetched and from where, if it has to be. */
export const loadData = async (name: DataName, out: NodeJS.WriteStream): Promise<Data> => {
  const { load } = dataSets[name]
  const train = await load({ train: true, onProgress: reportFetch(out) })
  return { train, test: await load({ train: false }) }
}

export type ImageLoader = DataLoader<'images' | 'labels'>

export interface LoaderOptions {
  readonly batchSize: number
  /** Images to use, from the first on; null for all. */
  readonly limit: number | null
  /** Decides the order, which is another one in each epoch; null leaves the images in theirs. */
  readonly shuffleSeed: number | null
}

/** Batches of images [B, 1, 28, 28], with mean 0 and standard deviation 1, and their labels [B]. */
export const makeLoader = (images: ImageDataset, { mean, std }: DataSet, options: LoaderOptions): ImageLoader => {
  const { batchSize, limit, shuffleSeed } = options
  return new DataLoader(limit === null ? images : subset(images, { end: limit }), {
    batchSize,
    shuffle: shuffleSeed !== null,
    seed: shuffleSeed ?? 0,
    transform: field('images', normalize(mean * 255, std * 255)),
  })
}
