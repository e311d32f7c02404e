export type { TensorArray } from './dtypes.ts'
export { SafetensorsError } from './errors.ts'
export { decode, encode, type SafetensorsFile, type TensorEntry } from './safetensors.ts'
export { fromTensors, toTensors } from './tensors.ts'
