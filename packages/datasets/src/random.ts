/**
 * Random numbers for the order of the data and for augmentation. Not the tensor generator: shuffling happens on the host
 * before any tensor exists, and must be a pure function of (seed, epoch) so that a run can resume anywhere.
 */
export interface RandomSource {
  /** Uniform in [0, 1), 32 bits. */
  next(): number
  /** Uniform integer in [0, bound), bound ≤ 2³². */
  below(bound: number): number
}

/** sfc32 (C. Doty-Humphrey, PractRand), keyed by up to three integers. The same numbers on every engine. */
export const randomSource = (...key: readonly number[]): RandomSource => {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]
  const draw = (): number => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return result >>> 0
  }
  for (const part of key) {
    // Both halves of the number, so that seeds beyond 32 bits differ too; the rounds between mix each part in fully.
    a ^= part | 0
    b ^= Math.floor(part / 2 ** 32) | 0
    for (let round = 0; round < 12; round++) draw()
  }
  return {
    next: () => draw() / 2 ** 32,
    below(bound) {
      // Refuses the few draws that would make small results likelier.
      const limit = 2 ** 32 - (2 ** 32 % bound)
      let value = draw()
      while (value >= limit) value = draw()
      return value % bound
    },
  }
}

/** The order of `length` items in one epoch: Fisher–Yates with a generator keyed by (seed, epoch). */
export const permutation = (length: number, seed: number, epoch: number): Int32Array => {
  const order = Int32Array.from({ length }, (_, index) => index)
  const random = randomSource(seed, epoch)
  for (let last = length - 1; last > 0; last--) {
    const other = random.below(last + 1)
    const value = order[last] as number
    order[last] = order[other] as number
    order[other] = value
  }
  return order
}
