export { type Batch, collate } from './collate.ts'
export {
  type ArrayData,
  type ArrayDataset,
  arrayDataset,
  type Dataset,
  type FieldValue,
  type HostArray,
  type HostBatch,
  type Item,
  mapDataset,
  subset,
} from './dataset.ts'
export { DatasetError } from './errors.ts'
export { type IdxArray, type ImageDataset, idxImages, parseIdx } from './idx.ts'
export { DataLoader, type DataLoaderOptions, type LoaderState } from './loader.ts'
export {
  type ArrayTransform,
  compose,
  field,
  normalize,
  type Transform,
  type TransformContext,
  toFloat,
} from './transforms.ts'
