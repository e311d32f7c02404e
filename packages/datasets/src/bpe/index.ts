export { type BytePairJson, type BytePairOptions, BytePairVocabulary, type TokenizerJson } from './byte-pair-vocabulary.ts'
