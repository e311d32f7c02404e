import type { DType } from '@tenon/tensor'
import { checkBools, type TensorArray, written } from './dtypes.ts'
import { SafetensorsError } from './errors.ts'
import { makeRefuse, maxHeaderBytes, metadataKey, readHeader } from './header.ts'

/** A tensor in memory: its numbers row-major, bools as one byte each. */
export interface TensorEntry {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: TensorArray
}

/** The content of a file. */
export interface SafetensorsFile<T = TensorEntry> {
  readonly tensors: Record<string, T>
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * The bytes of a safetensors file: 8 bytes with the length of the header, little-endian; the header, JSON padded with
 * spaces to a multiple of 8; the tensors without gaps, widest dtype first and then by name, as the reference
 * implementation writes them. The same tensors give the same bytes whatever their order.
 *
 * @throws SafetensorsError for a name, shape or array that the format cannot hold
 */
export const encode = (tensors: Readonly<Record<string, TensorEntry>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array => {
  // Put together by hand, because an object would move names that look like numbers to the front.
  const header: string[] = []
  if (Object.keys(metadata).length > 0) header.push(`"${metadataKey}":${JSON.stringify(checkMetadata(metadata))}`)
  const laidOut = Object.entries(tensors)
    .map(([name, entry]) => checkEntry(name, entry))
    .sort((a, b) => a.rank - b.rank || compareText(a.name, b.name))
  let offset = 0
  for (const { name, code, entry } of laidOut) {
    const end = offset + entry.data.byteLength
    header.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: code, shape: entry.shape, data_offsets: [offset, end] })}`)
    offset = end
  }
  const text = new TextEncoder().encode(`{${header.join(',')}}`)
  const headerBytes = Math.ceil(text.length / 8) * 8
  if (headerBytes > maxHeaderBytes) {
    throw new SafetensorsError(`encode: the header would have ${headerBytes} bytes, the format allows ${maxHeaderBytes}`)
  }
  const bytes = new Uint8Array(8 + headerBytes + offset)
  new DataView(bytes.buffer).setUint32(0, headerBytes, true)
  bytes.fill(0x20, 8, 8 + headerBytes)
  bytes.set(text, 8)
  let at = 8 + headerBytes
  for (const { entry } of laidOut) {
    bytes.set(new Uint8Array(entry.data.buffer, entry.data.byteOffset, entry.data.byteLength), at)
    at += entry.data.byteLength
  }
  return bytes
}

/**
 * Reads a safetensors file. F16 and BF16 come as float32, small integers as int32, and 64-bit integers as 32-bit ones if
 * every value fits. Where it can, `data` looks into `bytes` and copies nothing: treat both as read-only.
 *
 * @param source what to call the file in errors: its path, say
 * @throws SafetensorsError for anything but a whole and well-formed file, in memory and time bounded by its size
 */
export const decode = (bytes: Uint8Array, source = 'the data'): SafetensorsFile => {
  // Not a subclass such as Node's Buffer, whose slice does not copy.
  const file = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { entries, metadata, dataStart } = readHeader(file, makeRefuse(source))
  // fromEntries and not assignment: a tensor may be called __proto__.
  const tensors = Object.fromEntries(
    entries.map(({ name, stored, shape, begin, end }) => {
      const data = stored.read(file.subarray(dataStart + begin, dataStart + end), `${source}, tensor '${name}'`)
      return [name, { dtype: stored.dtype, shape, data }]
    }),
  )
  return { tensors, metadata }
}

interface Checked {
  readonly name: string
  readonly entry: TensorEntry
  readonly code: string
  readonly rank: number
}

const checkEntry = (name: string, entry: TensorEntry): Checked => {
  const refuse = (problem: string): never => {
    throw new SafetensorsError(`encode: tensor '${name}' ${problem}`)
  }
  const { dtype, shape, data } = entry
  if (name === metadataKey) refuse('has the name that the format keeps for metadata; call it something else')
  if (!isText(name)) refuse('has a name that is not well-formed Unicode')
  const rank = written.findIndex((each) => each.dtype === dtype)
  const { code, bytes } = written[rank] ?? refuse(`has dtype ${dtype}; writable are ${written.map((each) => each.dtype).join(', ')}`)
  if (!ArrayBuffer.isView(data) || data.BYTES_PER_ELEMENT !== bytes || !arrayFits(dtype, data)) {
    refuse(`is ${dtype}, but its data is a ${data?.constructor?.name}`)
  }
  const size = shape.reduce((product, dim) => (Number.isSafeInteger(dim) && dim >= 0 ? product * dim : Number.NaN), 1)
  if (size !== data.length) refuse(`has ${data.length} numbers, which do not fill the shape [${shape.join(', ')}]`)
  if (dtype === 'bool') checkBools(data as Uint8Array, `encode: tensor '${name}'`)
  return { name, entry, code, rank }
}

const arrayFits = (dtype: DType, data: TensorArray): boolean => {
  if (dtype === 'float64') return data instanceof Float64Array
  if (dtype === 'float32') return data instanceof Float32Array
  if (dtype === 'int32') return data instanceof Int32Array
  return dtype === 'uint32' ? data instanceof Uint32Array : data instanceof Uint8Array
}

const checkMetadata = (metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string' && isText(key) && isText(value)) continue
    throw new SafetensorsError(`encode: metadata may hold only well-formed strings; '${key}' is ${JSON.stringify(value)}`)
  }
  return metadata
}

/** No half of a surrogate pair, which UTF-8 cannot say. */
const isText = (text: string): boolean => !/\p{Surrogate}/u.test(text)

/** The order of UTF-8 bytes, which is that of code points and not that of JavaScript's UTF-16 units. */
const compareText = (a: string, b: string): number => {
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
