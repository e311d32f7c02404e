import { ShapeError } from '@tenon/tensor'

/** Height and width. */
export type Pair = readonly [height: number, width: number]

/** One number for both, or [height, width]. */
export type Size2d = number | readonly number[]

/** A size as [height, width], whole numbers of at least `least`. */
export function pair(who: string, name: string, size: Size2d, least: number): Pair {
  const both = typeof size === 'number' ? [size, size] : [...size]
  if (both.length !== 2 || both.some((value) => !Number.isInteger(value) || value < least)) {
    throw new ShapeError(`${who}: ${name} is a whole number ≥ ${least} or two of them, [height, width], got ${JSON.stringify(size)}`)
  }
  return both as unknown as Pair
}

/** `[3, 3]` */
export const show = (value: Pair | string): string => (typeof value === 'string' ? value : `[${value.join(', ')}]`)
