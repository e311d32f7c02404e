import { ShapeError } from '@tenon/tensor'

/** Length. */
export type Single = readonly [length: number]

/** Height and width. */
export type Pair = readonly [height: number, width: number]

/** One number, alone or in an array. */
export type Size1d = number | readonly number[]

/** One number for both, or [height, width]. */
export type Size2d = number | readonly number[]

/** A size as one number for each spatial axis, whole numbers of at least `least`. */
function perAxis(axes: 1 | 2, who: string, name: string, size: number | readonly number[], least: number): readonly number[] {
  const list = typeof size === 'number' ? new Array<number>(axes).fill(size) : [...size]
  if (list.length !== axes || list.some((value) => !Number.isInteger(value) || value < least)) {
    const several = axes > 1 ? ' or two of them, [height, width]' : ''
    throw new ShapeError(`${who}: ${name} is a whole number ≥ ${least}${several}, got ${JSON.stringify(size)}`)
  }
  return list
}

/** A size as [length], a whole number of at least `least`. */
export const single = (who: string, name: string, size: Size1d, least: number): Single =>
  perAxis(1, who, name, size, least) as unknown as Single

/** A size as [height, width], whole numbers of at least `least`. */
export const pair = (who: string, name: string, size: Size2d, least: number): Pair => perAxis(2, who, name, size, least) as unknown as Pair

/** How a layer over spatial axes reads its sizes: `single` or `pair`. */
export type ReadSize<Size> = (who: string, name: string, size: number | readonly number[], least: number) => Size

/** `[3, 3]` */
export const show = (value: readonly number[] | string): string => (typeof value === 'string' ? value : `[${value.join(', ')}]`)

/** Whether all of a size is this number. */
export const isAll = (value: readonly number[] | string, number: number): boolean =>
  typeof value !== 'string' && value.every((size) => size === number)
