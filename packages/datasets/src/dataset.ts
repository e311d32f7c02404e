import { sizeOf } from '@tenon/tensor'
import { DatasetError } from './errors.ts'
import { andThen } from './promises.ts'

/** The typed arrays that a field may be stored in: small integers stay small until a batch becomes tensors. */
export type ArrayData =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray

/** Numbers in memory with a shape, row-major. In a batch the first dimension counts the items. */
export interface HostArray {
  readonly data: ArrayData
  readonly shape: readonly number[]
  /** `'bool'` marks a Uint8Array of zeros and ones; every other dtype follows from the array. */
  readonly dtype?: 'bool'
}

/** What an item may hold: a number (float32), a boolean, a vector, or an array of any shape. */
export type FieldValue = number | boolean | ArrayData | HostArray

/** One example: a record of fields. */
export type Item<F extends string = string> = { readonly [K in F]: FieldValue }

/** Many examples, field by field, before they become tensors. */
export type HostBatch<F extends string = string> = { readonly [K in F]: HostArray }

/** Examples that can be counted and fetched by index, in memory or from somewhere slow. */
export interface Dataset<F extends string = string> {
  readonly length: number
  get(index: number): Item<F> | Promise<Item<F>>
  /**
   * Writes the items `indices` into `out`, whose arrays have the types and shapes that `get(0)` shows, with a leading
   * dimension of `indices.length`. Only for speed: without it a loader calls `get` for each item.
   */
  gather?(indices: Int32Array, out: HostBatch<F>): void | Promise<void>
}

/** A dataset that sits in memory as one array per field. */
export interface ArrayDataset<F extends string = string> extends Dataset<F> {
  readonly columns: HostBatch<F>
  get(index: number): HostBatch<F>
  gather(indices: Int32Array, out: HostBatch<F>): void
}

/**
 * A dataset over arrays: one per field, the first dimension counts the items (as torch.utils.data.TensorDataset).
 * A bare typed array is a field of scalars. Nothing is copied: `get` gives views.
 *
 *     arrayDataset({ images: { data: pixels, shape: [60000, 28, 28] }, labels })
 *
 * @throws DatasetError when an array does not fill its shape or the fields disagree about the number of items
 */
export const arrayDataset = <F extends string>(
  fields: {
    readonly [K in F]: ArrayData | HostArray
  },
): ArrayDataset<F> => {
  const names = Object.keys(fields) as F[]
  const columns = Object.fromEntries(names.map((name) => [name, column(name, fields[name])])) as Record<F, HostArray>
  const length = columns[names[0] as F]?.shape[0]
  if (length === undefined) throw new DatasetError('arrayDataset needs at least one field, got none')
  for (const name of names) {
    if (columns[name].shape[0] === length) continue
    const counts = names.map((each) => `${each} ${columns[each].shape[0]}`).join(', ')
    throw new DatasetError(`arrayDataset: all fields need the same number of items, got ${counts}`)
  }
  return {
    length,
    columns,
    get(index) {
      checkIndex(index, length)
      return mapRecord(columns, ({ data, shape, dtype }) => {
        const itemShape = shape.slice(1)
        const size = sizeOf(itemShape)
        return { data: data.subarray(index * size, (index + 1) * size), shape: itemShape, ...(dtype && { dtype }) }
      })
    },
    gather(indices, out) {
      for (const index of indices) checkIndex(index, length)
      for (const name of names) gatherRows(columns[name], indices, out[name].data)
    },
  }
}

/**
 * A part of a dataset: the items at `indices`, or a range as in `Array.slice` without negative numbers.
 *
 *     subset(train, { end: 1000 })
 */
export const subset = <F extends string>(
  dataset: Dataset<F>,
  indices: ArrayLike<number> | { readonly start?: number; readonly end?: number },
): Dataset<F> => {
  const chosen = 'length' in indices ? checked(indices, dataset.length) : range(indices, dataset.length)
  const part: Dataset<F> = {
    length: chosen.length,
    get(index) {
      checkIndex(index, chosen.length)
      return dataset.get(chosen[index] as number)
    },
  }
  if (!dataset.gather) return part
  return {
    ...part,
    gather(positions, out) {
      for (const position of positions) checkIndex(position, chosen.length)
      return dataset.gather?.(
        positions.map((position) => chosen[position] as number),
        out,
      )
    },
  }
}

/**
 * A dataset whose items went through `fn`, one at a time, each time they are fetched. What can be done to a whole batch
 * is faster as a loader's `transform`.
 */
export const mapDataset = <F extends string, G extends string>(
  dataset: Dataset<F>,
  fn: (item: Item<F>, index: number) => Item<G> | Promise<Item<G>>,
): Dataset<G> => ({
  length: dataset.length,
  get: (index) => andThen(dataset.get(index), (item) => fn(item, index)),
})

export const mapRecord = <F extends string, A, B>(record: { readonly [K in F]: A }, fn: (value: A, name: F) => B): Record<F, B> => {
  const entries = Object.entries(record) as [F, A][]
  return Object.fromEntries(entries.map(([name, value]) => [name, fn(value, name)])) as Record<F, B>
}

/** A bare typed array as a vector. Node's Buffers become plain: new arrays are made by what the old ones are. */
export const toHostArray = (value: ArrayData | HostArray): HostArray => {
  const array: HostArray = ArrayBuffer.isView(value) ? { data: value, shape: [value.length] } : value
  const { data } = array
  if (!(data instanceof Uint8Array) || data.constructor === Uint8Array) return array
  return { ...array, data: new Uint8Array(data.buffer, data.byteOffset, data.length) }
}

const column = (name: string, field: ArrayData | HostArray): HostArray => {
  const { data, shape, dtype } = toHostArray(field)
  if (shape.length === 0 || sizeOf(shape) !== data.length) {
    throw new DatasetError(
      `arrayDataset: field '${name}' has ${data.length} numbers, which do not fill the shape [${shape.join(', ')}]; ` +
        'the shape is that of all items together, the number of items first',
    )
  }
  return { data, shape, ...(dtype && { dtype }) }
}

const gatherRows = ({ data, shape }: HostArray, indices: Int32Array, out: ArrayData): void => {
  const size = sizeOf(shape.slice(1))
  for (let row = 0; row < indices.length; row++) {
    const from = (indices[row] as number) * size
    if (size === 1) out[row] = data[from] as number
    else out.set(data.subarray(from, from + size), row * size)
  }
}

const checkIndex = (index: number, length: number): void => {
  if (Number.isInteger(index) && index >= 0 && index < length) return
  throw new DatasetError(`item ${index} does not exist: the dataset has ${length} items, 0 to ${length - 1}`)
}

const checked = (indices: ArrayLike<number>, length: number): Int32Array =>
  Int32Array.from(indices, (index) => {
    checkIndex(index, length)
    return index
  })

const range = ({ start = 0, end }: { readonly start?: number; readonly end?: number }, length: number): Int32Array => {
  const stop = Math.min(end ?? length, length)
  if (!(start >= 0 && stop >= start && Number.isInteger(start) && Number.isInteger(stop))) {
    throw new DatasetError(`subset: { start: ${start}, end: ${end} } is no range within the ${length} items`)
  }
  return Int32Array.from({ length: stop - start }, (_, offset) => start + offset)
}
