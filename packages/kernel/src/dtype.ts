/** Element types. `bool` is stored as one byte that is 0 or 1. */
export type DType = 'float32' | 'float64' | 'int32' | 'uint32' | 'bool'

/** How the host holds the numbers of a buffer; bools are bytes of 0 and 1. */
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array

interface DTypeInfo {
  readonly bytes: number
  readonly array: {
    new (length: number): TypedArray
    new (buffer: ArrayBufferLike, offset: number, length: number): TypedArray
  }
}

/** The size of an element of each dtype, and the array that holds it. */
export const dtypes: Readonly<Record<DType, DTypeInfo>> = {
  float32: { bytes: 4, array: Float32Array },
  float64: { bytes: 8, array: Float64Array },
  int32: { bytes: 4, array: Int32Array },
  uint32: { bytes: 4, array: Uint32Array },
  bool: { bytes: 1, array: Uint8Array },
}

/** Whether it is float32 or float64. */
export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float64'
