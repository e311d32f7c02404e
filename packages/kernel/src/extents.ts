/** The number of points of a loop over these extents. */
export const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1)
