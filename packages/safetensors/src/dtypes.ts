import type { DType } from '@tenon/tensor'
import { SafetensorsError } from './errors.ts'

/** How the numbers of a tensor are held, in the order of their dtypes. */
export type TensorArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

/** How the bytes of one of the format's dtypes become an array of ours. `at` names the tensor in errors. */
export interface Stored {
  readonly bytes: number
  readonly dtype: DType
  readonly read: (bytes: Uint8Array, at: string) => TensorArray
}

/** Our dtypes, in the order in which the format's reference implementation lays tensors out: widest alignment first. */
export const written: readonly { readonly dtype: DType; readonly code: string; readonly bytes: number }[] = [
  { dtype: 'float64', code: 'F64', bytes: 8 },
  { dtype: 'float32', code: 'F32', bytes: 4 },
  { dtype: 'uint32', code: 'U32', bytes: 4 },
  { dtype: 'int32', code: 'I32', bytes: 4 },
  { dtype: 'bool', code: 'BOOL', bytes: 1 },
]

/** What can be read. Types that we do not compute with become the nearest one that holds every value, or are refused. */
export const readable: ReadonlyMap<string, Stored> = new Map<string, Stored>([
  ['F64', { bytes: 8, dtype: 'float64', read: (bytes) => new Float64Array(...aligned(bytes, 8)) }],
  ['F32', { bytes: 4, dtype: 'float32', read: (bytes) => new Float32Array(...aligned(bytes, 4)) }],
  [
    'F16',
    {
      bytes: 2,
      dtype: 'float32',
      read: (bytes) => convert(bytes, 2, Float32Array, (view, at) => halfToFloat(view.getUint16(at, true))),
    },
  ],
  ['BF16', { bytes: 2, dtype: 'float32', read: (bytes) => bfloatToFloat(bytes) }],
  ['I32', { bytes: 4, dtype: 'int32', read: (bytes) => new Int32Array(...aligned(bytes, 4)) }],
  ['U32', { bytes: 4, dtype: 'uint32', read: (bytes) => new Uint32Array(...aligned(bytes, 4)) }],
  [
    'I64',
    {
      bytes: 8,
      dtype: 'int32',
      read: (bytes, at) => convert(bytes, 8, Int32Array, fitting(at, -(2n ** 31n), 2n ** 31n - 1n)),
    },
  ],
  ['U64', { bytes: 8, dtype: 'uint32', read: (bytes, at) => convert(bytes, 8, Uint32Array, fitting(at, 0n, 2n ** 32n - 1n)) }],
  ['I16', { bytes: 2, dtype: 'int32', read: (bytes) => convert(bytes, 2, Int32Array, (view, at) => view.getInt16(at, true)) }],
  [
    'U16',
    {
      bytes: 2,
      dtype: 'int32',
      read: (bytes) => convert(bytes, 2, Int32Array, (view, at) => view.getUint16(at, true)),
    },
  ],
  ['I8', { bytes: 1, dtype: 'int32', read: (bytes) => convert(bytes, 1, Int32Array, (view, at) => view.getInt8(at)) }],
  ['U8', { bytes: 1, dtype: 'int32', read: (bytes) => Int32Array.from(bytes) }],
  ['BOOL', { bytes: 1, dtype: 'bool', read: (bytes, at) => checkBools(bytes, at) }],
])

export const checkBools = (bytes: Uint8Array, at: string): Uint8Array => {
  const wrong = bytes.findIndex((byte) => byte > 1)
  if (wrong < 0) return bytes
  throw new SafetensorsError(`${at}: a bool is 0 or 1, element ${wrong} is ${bytes[wrong]}`)
}

/** The place of `bytes` in memory if typed arrays may look at it there, that of a copy if not. */
const aligned = (bytes: Uint8Array, itemBytes: number): [ArrayBuffer, number, number] => {
  const place = bytes.byteOffset % itemBytes === 0 ? bytes : bytes.slice()
  return [place.buffer as ArrayBuffer, place.byteOffset, place.byteLength / itemBytes]
}

const convert = <A extends TensorArray>(
  bytes: Uint8Array,
  itemBytes: number,
  ArrayType: new (length: number) => A,
  get: (view: DataView, at: number) => number,
): A => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const result = new ArrayType(bytes.length / itemBytes)
  for (let index = 0; index < result.length; index++) result[index] = get(view, index * itemBytes)
  return result
}

const fitting =
  (name: string, least: bigint, most: bigint): ((view: DataView, at: number) => number) =>
  (view, at) => {
    const value = least < 0n ? view.getBigInt64(at, true) : view.getBigUint64(at, true)
    if (value >= least && value <= most) return Number(value)
    throw new SafetensorsError(`${name}: element ${at / 8} is ${value}, and 64-bit integers are read as 32-bit ones (${least} to ${most})`)
  }

/** IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction. */
const halfToFloat = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25)
}

/** bfloat16 is the upper half of a float32. */
const bfloatToFloat = (bytes: Uint8Array): Float32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bits = Uint32Array.from({ length: bytes.length / 2 }, (_, index) => view.getUint16(2 * index, true) << 16)
  return new Float32Array(bits.buffer)
}
