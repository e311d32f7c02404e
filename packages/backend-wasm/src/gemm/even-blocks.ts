/**
 * Into how many blocks an axis is cut, so that all threads have the same work: `least` at least and `most` at most. Each of the blocks is done `others`
 * times. With so many for each thread that one more does not matter, it is `least`.
 */
export function evenBlocks(least: number, most: number, others: number, threads: number): number {
  const isEven = (blocks: number): boolean => (blocks * others) % threads === 0 || blocks * others >= 4 * threads
  for (let blocks = least; blocks <= most; blocks++) if (isEven(blocks)) return blocks
  return least
}
