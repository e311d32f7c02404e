/** `await expect(tensor).toBeAllClose(expected)`: a matcher for vitest, after `expect.extend(matchers)`. */
import { isTensor, type Tensor } from '@tenon/tensor'
import 'vitest'
import { difference, type Tolerance } from './close.ts'

type Nested = number | boolean | readonly Nested[]
/** Tensors, typed arrays, numbers and nested arrays of numbers are compared by shape and values. */
export type Comparable = Tensor | ArrayLike<number> | Nested

interface Read {
  readonly shape: readonly number[]
  readonly values: ArrayLike<number>
}

const shapeOf = (x: Nested): number[] => (Array.isArray(x) ? [x.length, ...(x.length > 0 ? shapeOf(x[0]) : [])] : [])

async function read(x: Comparable): Promise<Read> {
  if (isTensor(x)) return { shape: x.shape, values: await x.data() }
  if (ArrayBuffer.isView(x)) return { shape: [(x as unknown as ArrayLike<number>).length], values: x as unknown as ArrayLike<number> }
  const nested = x as Nested
  return {
    shape: shapeOf(nested),
    values: Array.isArray(nested) ? (nested as number[]).flat(Infinity).map(Number) : [Number(nested)],
  }
}

interface Outcome {
  readonly pass: boolean
  readonly message: () => string
}

async function toBeAllClose(actual: Comparable, expected: Comparable, tolerance: Tolerance = {}): Promise<Outcome> {
  const [a, e] = await Promise.all([read(actual), read(expected)])
  const wrongShape = a.shape.join() !== e.shape.join() ? `shape [${a.shape.join(', ')}] where [${e.shape.join(', ')}] was expected` : null
  const wrong = wrongShape ?? difference(a.values, e.values, tolerance)
  return { pass: wrong === null, message: () => wrong ?? 'expected the values to differ, and they are all close' }
}

/** For `expect.extend(matchers)`. */
export const matchers: { readonly toBeAllClose: typeof toBeAllClose } = { toBeAllClose }

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: vitest's own declaration, which this one joins
  interface Matchers<T = any> {
    /** Shape equal, and |actual − expected| ≤ atol + rtol · |expected|; rtol 1e-5, atol rtol · max |expected|. */
    toBeAllClose: (expected: Comparable, tolerance?: Tolerance) => Promise<T>
  }
}
