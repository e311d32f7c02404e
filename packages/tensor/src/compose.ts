/** What composite ops are written with, beside the methods of Tensor. */
import { isFloat, ShapeError } from '@tenon/kernel'
import { withContext } from './node.ts'
import type { PrimitiveName } from './primitives.ts'
import { primitive, type Tensor } from './tensor.ts'

/** Integers and bools become float32, as in PyTorch's functions of real numbers. */
export const toFloat = (x: Tensor): Tensor => (isFloat(x.dtype) ? x : x.cast('float32'))

type FloatUnary = Extract<PrimitiveName, 'sqrt' | 'recip' | 'exp' | 'expm1' | 'log' | 'log1p' | 'sin' | 'cos' | 'tan' | 'tanh' | 'erf'>

/** A primitive function of a real number. */
export const floatUnary = (op: FloatUnary, x: Tensor): Tensor => primitive(op, [toFloat(x)], {})

/**
 * Makes a value through which no gradient flows. It is a recipe like any other: unlike the input of `detach`, the step does not
 * keep it for reading, so it may disappear into a kernel.
 */
export const untracked = (make: () => Tensor): Tensor => withContext('tracking', false, make)

/** A number for every spatial axis, or one for each. */
export type PerAxis = number | readonly number[]

/** One whole number ≥ `least` for each of `axes` spatial axes. */
export function perAxis(op: string, option: string, value: PerAxis, axes: number, least: number): number[] {
  const list = typeof value === 'number' ? new Array<number>(axes).fill(value) : [...value]
  if (list.length !== axes || list.some((n) => !Number.isInteger(n) || n < least)) {
    throw new ShapeError(
      `${op}: ${option} takes a whole number ≥ ${least}${axes > 1 ? ` or ${axes} of them` : ''}, got ${JSON.stringify(value)}`,
    )
  }
  return list
}
