import { sizeOf } from '@tenon/tensor'
import { type ArrayData, type ArrayDataset, arrayDataset } from './dataset.ts'
import { DatasetError } from './errors.ts'

/** An array read from an idx file. */
export interface IdxArray {
  readonly data: Exclude<ArrayData, Uint8ClampedArray | Uint32Array | Uint16Array>
  readonly shape: readonly number[]
}

type Read = (bytes: Uint8Array) => IdxArray['data']

const swapped =
  <A extends IdxArray['data']>(itemBytes: number, make: (length: number) => A, get: (view: DataView, at: number) => number): Read =>
  (bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const data = make(bytes.length / itemBytes)
    for (let index = 0; index < data.length; index++) data[index] = get(view, index * itemBytes)
    return data
  }

/** The format's types, by the third byte of a file. Numbers of more than one byte are stored big-endian. */
const types: Readonly<Record<number, { readonly itemBytes: number; readonly read: Read }>> = {
  8: { itemBytes: 1, read: (bytes) => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) },
  9: { itemBytes: 1, read: (bytes) => new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) },
  11: {
    itemBytes: 2,
    read: swapped(
      2,
      (length) => new Int16Array(length),
      (view, at) => view.getInt16(at),
    ),
  },
  12: {
    itemBytes: 4,
    read: swapped(
      4,
      (length) => new Int32Array(length),
      (view, at) => view.getInt32(at),
    ),
  },
  13: {
    itemBytes: 4,
    read: swapped(
      4,
      (length) => new Float32Array(length),
      (view, at) => view.getFloat32(at),
    ),
  },
  14: {
    itemBytes: 8,
    read: swapped(
      8,
      (length) => new Float64Array(length),
      (view, at) => view.getFloat64(at),
    ),
  },
}

/**
 * Reads an idx file (Y. LeCun, "The MNIST database"): two zero bytes, the type, the number of dimensions, each dimension
 * as a big-endian uint32, then the numbers. Data of single bytes is a view of `bytes`.
 *
 * @param name what to call the file in errors: its path or address
 * @throws DatasetError naming the file, for anything but a whole and well-formed one
 */
export const parseIdx = (bytes: Uint8Array, name: string): IdxArray => {
  const refuse = (problem: string): never => {
    throw new DatasetError(`${name} is not a usable idx file: ${problem}. If it is a download, delete it and fetch it again.`)
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) refuse('it is compressed; unpack it with gunzip first')
  if (bytes.length < 4) refuse(`it has ${bytes.length} bytes, fewer than the 4 that every idx file begins with`)
  if (bytes[0] !== 0 || bytes[1] !== 0) {
    refuse(`it begins with the bytes ${hex(bytes.subarray(0, 4))}, an idx file with 00 00`)
  }
  const [, , code = 0, rank = 0] = bytes
  const type = types[code] ?? refuse(`its type code is ${hex([code])}, and idx knows 08, 09, 0b, 0c, 0d, 0e`)
  const header = 4 + 4 * rank
  if (bytes.length < header) {
    refuse(`it is cut off: ${rank} dimensions need a header of ${header} bytes, it has ${bytes.length} in all`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, header)
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const expected = header + sizeOf(shape) * type.itemBytes
  if (bytes.length !== expected) {
    const what = bytes.length < expected ? 'it is cut off' : 'there are bytes after its end'
    refuse(`${what}: shape [${shape.join(', ')}] needs ${expected} bytes, it has ${bytes.length}`)
  }
  return { data: type.read(bytes.subarray(header)), shape }
}

/** Images with one channel, uint8 [N, 1, H, W], and their classes, int32 [N]: the layout of torchvision's MNIST. */
export type ImageDataset = ArrayDataset<'images' | 'labels'>

/**
 * A dataset from the two files of MNIST and its relatives, as bytes: `images` is idx uint8 [N, H, W], `labels` idx
 * uint8 [N]. In a browser, `fetch` them.
 *
 * @param names what to call the two files in errors
 */
export const idxImages = (
  images: Uint8Array,
  labels: Uint8Array,
  names: { readonly images: string; readonly labels: string } = { images: 'the images', labels: 'the labels' },
): ImageDataset => {
  const pixels = parseIdx(images, names.images)
  const classes = parseIdx(labels, names.labels)
  checkKind(names.images, 'images, uint8 [N, H, W]', pixels, 3)
  checkKind(names.labels, 'labels, uint8 [N]', classes, 1)
  const [count = 0, height = 0, width = 0] = pixels.shape
  if (classes.shape[0] !== count) {
    throw new DatasetError(
      `${names.images} has ${count} images but ${names.labels} has ${classes.shape[0]} labels: they are not of one set`,
    )
  }
  return arrayDataset({
    images: { data: pixels.data, shape: [count, 1, height, width] },
    labels: Int32Array.from(classes.data),
  })
}

const checkKind = (name: string, wanted: string, { data, shape }: IdxArray, rank: number): void => {
  if (data instanceof Uint8Array && shape.length === rank) return
  const type = data.constructor.name.replace('Array', '').toLowerCase()
  throw new DatasetError(`${name} should hold ${wanted}; it holds ${type} [${shape.join(', ')}]. Are the files swapped?`)
}

const hex = (bytes: Iterable<number>): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
