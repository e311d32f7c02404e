/** The next multiple of `unit`. */
export const roundUp = (x: number, unit: number): number => Math.ceil(x / unit) * unit
