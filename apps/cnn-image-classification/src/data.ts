/** The data sets by name, and what is special about each. */
import { reportFetch } from '@tenon/app-kit'
import type { ImageDataset } from '@tenon/datasets'
import { fashionMnist, fashionMnistClasses, type MnistOptions, mnist } from '@tenon/datasets/node'
import type { DataName } from './options.ts'
import { type Preparation, preparations } from './preparation.ts'

export interface DataSet extends Preparation {
  readonly title: string
  readonly classes: readonly string[]
  readonly load: (options: MnistOptions) => Promise<ImageDataset>
}

export const dataSets: Readonly<Record<DataName, DataSet>> = {
  mnist: {
    title: 'MNIST',
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    ...preparations.mnist,
    load: mnist,
  },
  'fashion-mnist': {
    title: 'Fashion-MNIST',
    classes: fashionMnistClasses,
    ...preparations['fashion-mnist'],
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
