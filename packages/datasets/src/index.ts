export { CharVocabulary } from './char-vocabulary.ts'
export { type Batch, collate, stackItems } from './collate.ts'
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
export { type Collate, type CollatingOptions, DataLoader, type DataLoaderOptions, type LoaderState, type LoadingOptions } from './loader.ts'
export { type PaddedFields, type PaddedSequences, type PaddingOptions, padFields, padSequences } from './padding.ts'
export { type RandomSource, randomOrder, randomSource } from './random.ts'
export {
  splitTokens,
  type TextDataset,
  type TextStreamsOptions,
  type TextWindowsOptions,
  textStreams,
  textWindows,
} from './text-windows.ts'
export {
  type ArrayTransform,
  compose,
  field,
  normalize,
  type Transform,
  type TransformContext,
  toFloat,
} from './transforms.ts'
export type { DecodeOptions, Tokens, Vocabulary, VocabularyJson, VocabularyOptions } from './vocabulary.ts'
export { WordVocabulary, type WordVocabularyOptions } from './word-vocabulary.ts'
