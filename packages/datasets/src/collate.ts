import { type DType, sizeOf, type Tensor, type TypedArray, tensor } from '@tenon/tensor'
import {
  type ArrayData,
  type Dataset,
  type FieldValue,
  type HostArray,
  type HostBatch,
  type Item,
  mapRecord,
  toHostArray,
} from './dataset.ts'
import { DatasetError } from './errors.ts'
import { andThen, isPromise } from './promises.ts'

/** A batch as a training loop sees it: each field a tensor, [B, ...shape of one item]. */
export type Batch<F extends string = string> = { readonly [K in F]: Tensor }

/**
 * The items at `indices`, side by side in newly made arrays: one per field, [B, ...shape of one item]. A promise only
 * where the dataset gives promises, so that the loader can tell a source that waits from one in memory.
 */
export const collate = <F extends string>(dataset: Dataset<F>, indices: Int32Array): HostBatch<F> | Promise<HostBatch<F>> => {
  if (dataset.gather) {
    return andThen(dataset.get(indices[0] as number), (first) => {
      const out = allocate(first, indices.length)
      return andThen(dataset.gather?.(indices, out), () => out)
    })
  }
  return andThen(fetchItems(dataset, indices), (items) => stackItems(items, indices))
}

/** The items at `indices`, one by one. */
export const fetchItems = <F extends string>(dataset: Dataset<F>, indices: Int32Array): Item<F>[] | Promise<Item<F>[]> => {
  const fetched = Array.from(indices, (index) => dataset.get(index))
  return fetched.some(isPromise) ? Promise.all(fetched) : (fetched as Item<F>[])
}

/**
 * Items of the same shapes, side by side in newly made arrays. @param indices what to call them in errors
 *
 * @throws DatasetError naming two items that do not fit together
 */
export const stackItems = <F extends string>(items: readonly Item<F>[], indices: ArrayLike<number> = [...items.keys()]): HostBatch<F> => {
  const out = allocate(items[0] as Item<F>, items.length)
  items.forEach((item, row) => {
    writeItem(item, row, out, indices)
  })
  return out
}

/** A host array as a tensor. Integers of 8 and 16 bits become int32, for which a transform to floats is the usual cure. */
export const toTensor = ({ data, shape, dtype }: HostArray): Tensor => tensor(data as TypedArray, shape, { dtype: dtype ?? dtypeOf(data) })

const dtypeOf = (data: ArrayData): DType => {
  if (data instanceof Float32Array) return 'float32'
  if (data instanceof Float64Array) return 'float64'
  return data instanceof Uint32Array ? 'uint32' : 'int32'
}

const allocate = <F extends string>(item: Item<F>, count: number): HostBatch<F> =>
  mapRecord(item, (value) => {
    const { data, shape, dtype } = asArray(value)
    const ArrayType = data.constructor as new (length: number) => ArrayData
    return { data: new ArrayType(count * sizeOf(shape)), shape: [count, ...shape], ...(dtype && { dtype }) }
  })

const writeItem = <F extends string>(item: Item<F>, row: number, out: HostBatch<F>, indices: ArrayLike<number>): void => {
  const names = Object.keys(out) as F[]
  if (Object.keys(item).length !== names.length || !names.every((name) => name in item)) {
    throw new DatasetError(
      `a batch needs items with the same fields: item ${indices[0]} has ${names.join(', ')}, ` +
        `item ${indices[row]} has ${Object.keys(item).join(', ')}`,
    )
  }
  for (const name of names) {
    const { data, shape } = asArray(item[name])
    const target = out[name]
    const expected = target.shape.slice(1)
    if (shape.length !== expected.length || shape.some((dim, axis) => dim !== expected[axis])) {
      throw new DatasetError(
        `field '${name}' has shape [${expected.join(', ')}] in item ${indices[0]} but [${shape.join(', ')}] in item ` +
          `${indices[row]}; items of one batch need one shape: crop them with mapDataset, pad them with { collate: padFields(…) }, or use batchSize 1`,
      )
    }
    if (data.constructor !== target.data.constructor) {
      throw new DatasetError(
        `field '${name}' is a ${target.data.constructor.name} in item ${indices[0]} but a ${data.constructor.name} in ` +
          `item ${indices[row]}; give every item the same kind of numbers`,
      )
    }
    target.data.set(data, row * data.length)
  }
}

const asArray = (value: FieldValue): HostArray => {
  if (typeof value === 'number') return { data: Float32Array.of(value), shape: [] }
  if (typeof value === 'boolean') return { data: Uint8Array.of(Number(value)), shape: [], dtype: 'bool' }
  if (ArrayBuffer.isView(value) || (ArrayBuffer.isView(value?.data) && sizeOf(value.shape) === value.data.length)) {
    return toHostArray(value)
  }
  throw new DatasetError(
    'a field of an item is a number, a boolean, a typed array, or { data: typed array, shape } with as many numbers ' +
      `as the shape says; got ${value?.data ? `${value.data.length} for [${value.shape.join(', ')}]` : typeof value}`,
  )
}
