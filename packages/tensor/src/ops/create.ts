import { type DType, DTypeError, dtypes, ShapeError, type TypedArray } from '@tenon/kernel'
import { constNode, hostNode, makeNode } from '../node.ts'
import { expandNode, promote } from '../promote.ts'
import { checkShape, type Shape, showShape, sizeOf } from '../shape.ts'
import { type Nested, Tensor } from '../tensor.ts'

/** Options of the functions that make tensors. */
export interface CreateOptions {
  /** float32 unless said otherwise. */
  readonly dtype?: DType
}

/** Options of `tensor`. */
export interface TensorOptions extends CreateOptions {
  /**
   * false takes a typed array as it is, or a part of one (`subarray`), for batches of data that is in memory anyway: whoever writes to it later
   * changes the tensor, or does not. torch.from_numpy. Default true.
   */
  readonly copy?: boolean
}

/** What `tensor` takes. */
export type TensorData = TypedArray | Nested | readonly (number | boolean)[]

const dtypeOfArray = (data: TypedArray): DType => {
  if (data instanceof Float64Array) return 'float64'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Uint32Array) return 'uint32'
  return data instanceof Uint8Array ? 'bool' : 'float32'
}

/**
 * A tensor of given values: a number, nested arrays, or a typed array with its shape. The values are copied, unless `copy` is false. The dtype is
 * that of the typed array, bool for booleans, and float32 for numbers; a Uint8Array needs an explicit one.
 *
 * @throws ShapeError if the values are not rectangular, or do not fill the shape
 * @throws DTypeError for a Uint8Array without a dtype, and for `copy: false` with anything but a typed array of the dtype's numbers
 */
export function tensor(data: TensorData, shape?: Shape, options: TensorOptions = {}): Tensor {
  if (options.copy === false) return fromOwned(data, shape, options.dtype)
  if (ArrayBuffer.isView(data)) {
    if (data instanceof Uint8Array && !options.dtype) {
      throw new DTypeError("tensor: a Uint8Array may mean bools or numbers; say { dtype: 'bool' } or, say, { dtype: 'float32' }")
    }
    const dtype = options.dtype ?? dtypeOfArray(data)
    return fromArray(data, shape ?? [data.length], dtype)
  }
  const { values, shape: found, bool } = unnest(data as Nested)
  return fromArray(values, shape ?? found, options.dtype ?? (bool ? 'bool' : 'float32'))
}

function fromOwned(data: TensorData, shape: Shape | undefined, wanted: DType | undefined): Tensor {
  const isArray = ArrayBuffer.isView(data)
  const dtype = wanted ?? (isArray ? dtypeOfArray(data) : 'float32')
  const { array } = dtypes[dtype]
  if (dtype === 'bool' || !isArray || !(data instanceof array)) {
    const taken = dtype === 'bool' ? 'bools, whose bytes have to be made 0 or 1, are always copied' : `for ${dtype} it is a ${array.name}`
    throw new DTypeError(`tensor: copy: false takes a typed array as it is: ${taken}; got ${isArray ? data.constructor.name : typeof data}`)
  }
  checkFilled(data.length, shape ?? [data.length])
  return new Tensor(hostNode(data, shape ?? [data.length], dtype))
}

function checkFilled(count: number, shape: Shape): void {
  checkShape('tensor', shape)
  if (count === sizeOf(shape)) return
  throw new ShapeError(`tensor: ${count} values do not fill shape ${showShape(shape)}, which takes ${sizeOf(shape)}`)
}

function fromArray(values: ArrayLike<number>, shape: Shape, dtype: DType): Tensor {
  checkFilled(values.length, shape)
  const copy = new dtypes[dtype].array(values.length)
  if (dtype === 'bool') for (let i = 0; i < values.length; i++) copy[i] = values[i] ? 1 : 0
  else copy.set(values)
  return new Tensor(hostNode(copy, shape, dtype))
}

function unnest(data: Nested): { values: number[]; shape: number[]; bool: boolean } {
  const shape: number[] = []
  for (let level: Nested = data; Array.isArray(level); level = level[0]!) {
    shape.push(level.length)
    if (level.length === 0) break
  }
  const values: number[] = []
  let bool = true
  const walk = (x: Nested, d: number): void => {
    if (Array.isArray(x)) {
      if (x.length !== shape[d])
        throw new ShapeError(
          `tensor: nested arrays must be rectangular; at depth ${d} one has ${x.length} entries, the first has ${shape[d] ?? 0}`,
        )
      for (const y of x) walk(y, d + 1)
    } else if (d !== shape.length || (typeof x !== 'number' && typeof x !== 'boolean')) {
      throw new ShapeError(
        `tensor: nested arrays must hold numbers or booleans at one depth, found ${x === null ? 'null' : typeof x} at depth ${d} where the shape is ${showShape(shape)}`,
      )
    } else {
      bool &&= typeof x === 'boolean'
      values.push(Number(x))
    }
  }
  walk(data, 0)
  return { values, shape, bool: bool && values.length > 0 }
}

/** A tensor that is `value` everywhere. */
export function full(shape: Shape, value: number, { dtype = 'float32' }: CreateOptions = {}): Tensor {
  checkShape('full', shape)
  return new Tensor(expandNode(constNode(value, dtype), shape))
}

/** A tensor of zeros. */
export const zeros = (shape: Shape, options?: CreateOptions): Tensor => full(shape, 0, options)
/** A tensor of ones. */
export const ones = (shape: Shape, options?: CreateOptions): Tensor => full(shape, 1, options)
/** Zeros, of the same shape and dtype. */
export const zerosLike = (x: Tensor): Tensor => full(x.shape, 0, { dtype: x.dtype })
/** Ones, of the same shape and dtype. */
export const onesLike = (x: Tensor): Tensor => full(x.shape, 1, { dtype: x.dtype })

/** start, start + step, … before `end`; `arange(n)` counts 0 … n − 1. int32, or float32 where a bound or the step is a fraction. */
export function arange(start: number, end?: number, step = 1, options: CreateOptions = {}): Tensor {
  const [from, to] = end === undefined ? [0, start] : [start, end]
  if (!Number.isFinite(from) || !Number.isFinite(to) || !Number.isFinite(step) || step === 0) {
    throw new ShapeError(`arange: bounds and step must be finite and the step not 0, got ${from}, ${to}, ${step}`)
  }
  const count = new Tensor(makeNode('arange', [], { length: Math.max(0, Math.ceil((to - from) / step)) }))
  const whole = [from, to, step].every(Number.isInteger)
  const dtype = options.dtype ?? (whole ? 'int32' : 'float32')
  const x = promote(dtype, 'int32') === dtype ? count.cast(dtype) : count
  const scaled = step === 1 ? x : x.mul(step)
  return (from === 0 ? scaled : scaled.add(from)).cast(dtype)
}

/** `steps` numbers evenly spaced from `start` to `end`, both included. */
export function linspace(start: number, end: number, steps: number, { dtype = 'float32' }: CreateOptions = {}): Tensor {
  if (!Number.isInteger(steps) || steps < 0) throw new ShapeError(`linspace: steps must be a whole number ≥ 0, got ${steps}`)
  return arange(steps)
    .cast(dtype)
    .mul(steps > 1 ? (end - start) / (steps - 1) : 0)
    .add(start)
}

/** Ones on the diagonal of an [n, m] matrix. */
export function eye(n: number, m: number = n, { dtype = 'float32' }: CreateOptions = {}): Tensor {
  return arange(n).unsqueeze(1).eq(arange(m)).cast(dtype)
}
