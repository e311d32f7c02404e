import { realize, type Tensor, tensor } from '@tenon/tensor'
import { decode, encode, type SafetensorsFile } from './safetensors.ts'

/** `encode` for tensors: computes what is pending, reads all of them back, and gives the bytes of the file. */
export const fromTensors = async (
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<Uint8Array> => {
  realize(...Object.values(tensors))
  const entries = await Promise.all(
    Object.entries(tensors).map(async ([name, each]) => {
      return [name, { dtype: each.dtype, shape: each.shape, data: await each.data() }] as const
    }),
  )
  return encode(Object.fromEntries(entries), metadata)
}

/** `decode` to tensors, with copies of the numbers. */
export const toTensors = (bytes: Uint8Array, source?: string): SafetensorsFile<Tensor> => {
  const { tensors, metadata } = decode(bytes, source)
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => [name, tensor(data, shape, { dtype })])
  return { tensors: Object.fromEntries(entries), metadata }
}
