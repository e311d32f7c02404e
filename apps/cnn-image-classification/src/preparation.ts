/** What the images of a data set are made into before a model sees them. Runs in a browser too. */
import { DataLoader, field, type ImageDataset, normalize, subset } from '@tenon/datasets'
import type { Placement } from './image.ts'
import type { DataName } from './options.ts'

export interface Preparation {
  /** Mean and standard deviation of the training images, where 0 is background and 1 is ink. */
  readonly mean: number
  readonly std: number
  /** Where a picture's ink is put so that it looks like the images of this set. */
  readonly placement: Placement
}

export const preparations: Readonly<Record<DataName, Preparation>> = {
  mnist: { mean: 0.1307, std: 0.3081, placement: { side: 20, centre: 'mass' } },
  'fashion-mnist': { mean: 0.286, std: 0.353, placement: { side: 28, centre: 'box' } },
}

export type ImageLoader = DataLoader<'images' | 'labels'>

export interface LoaderOptions {
  readonly batchSize: number
  /** Images to use, from the first on; null for all. */
  readonly limit: number | null
  /** Decides the order, which is another one in each epoch; null leaves the images in theirs. */
  readonly shuffleSeed: number | null
  /** As in DataLoader. */
  readonly prefetch?: number
}

/** Batches of images [B, 1, 28, 28], with mean 0 and standard deviation 1, and their labels [B]. */
export const makeLoader = (images: ImageDataset, { mean, std }: Preparation, options: LoaderOptions): ImageLoader => {
  const { batchSize, limit, shuffleSeed, prefetch = 1 } = options
  return new DataLoader(limit === null ? images : subset(images, { end: limit }), {
    batchSize,
    shuffle: shuffleSeed !== null,
    seed: shuffleSeed ?? 0,
    prefetch,
    transform: field('images', normalize(mean * 255, std * 255)),
  })
}
