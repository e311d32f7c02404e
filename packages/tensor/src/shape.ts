import { ShapeError } from '@tenon/kernel'

/** The size of each dimension; [] for a single number. */
export type Shape = readonly number[]

/** How many elements a tensor of this shape has. */
export const sizeOf = (shape: Shape): number => shape.reduce((n, d) => n * d, 1)

/** Whether two shapes are equal. */
export const sameShape = (a: Shape, b: Shape): boolean => a === b || (a.length === b.length && a.every((d, i) => d === b[i]))

/** `[2, 3]`, as errors and printouts show it. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let d = shape.length - 1; d >= 0; d--) {
    strides[d] = stride
    stride *= shape[d]!
  }
  return strides
}

export function checkShape(op: string, shape: Shape): void {
  if (!Array.isArray(shape) || shape.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError(`${op}: a shape is an array of whole numbers ≥ 0, got ${JSON.stringify(shape)}`)
  }
}

/** A dimension counted from the end when negative, as an index into `shape`. */
export function normalizeDim(op: string, dim: number, ndim: number): number {
  const d = dim < 0 ? dim + ndim : dim
  if (!Number.isInteger(d) || d < 0 || d >= ndim) {
    throw new ShapeError(`${op}: dimension ${dim} is out of range for a tensor of ${ndim} dimension${ndim === 1 ? '' : 's'}`)
  }
  return d
}

/** Sorted, distinct dimensions; all of them when `dims` is undefined. */
export function normalizeDims(op: string, dims: number | readonly number[] | undefined, ndim: number): number[] {
  if (dims === undefined) return Array.from({ length: ndim }, (_, d) => d)
  const list = (typeof dims === 'number' ? [dims] : dims).map((d) => normalizeDim(op, d, ndim))
  if (new Set(list).size !== list.length) throw new ShapeError(`${op}: a dimension appears twice in [${[dims].flat().join(', ')}]`)
  return list.sort((a, b) => a - b)
}

/** The common shape of broadcasting: dimensions are aligned at the end, and 1 stretches. */
export function broadcastShapes(op: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a
  const [long, short] = a.length >= b.length ? [a, b] : [b, a]
  const shape = [...long]
  for (let d = -short.length; d < 0; d++) {
    const [size, s] = [shape.at(d)!, short.at(d)!]
    if (size === 1) shape[d + shape.length] = s
    else if (s !== 1 && s !== size)
      throw new ShapeError(
        `${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: ` +
          `${a.at(d)} and ${b.at(d)} meet in dimension ${d}; sizes must be equal, or one of them 1`,
      )
  }
  return shape
}

/** Fills in the one −1 that a requested shape may have. */
export function resolveShape(op: string, from: Shape, to: Shape): number[] {
  const unknown = to.indexOf(-1)
  const known = to.reduce((n, d) => (d === -1 ? n : n * d), 1)
  const size = sizeOf(from)
  const shape = [...to]
  if (unknown >= 0 && known > 0 && size % known === 0) shape[unknown] = size / known
  checkShape(
    op,
    shape.map((d) => (d === -1 ? 0 : d)),
  )
  if (shape.includes(-1) || sizeOf(shape) !== size) {
    throw new ShapeError(`${op}: ${showShape(from)} has ${size} elements and cannot become ${showShape(to)}`)
  }
  return shape
}
