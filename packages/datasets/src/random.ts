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

/**
 * `count` of the numbers below `length` in the random order of one epoch: all before any comes again
 * (as torch.utils.data.RandomSampler with num_samples).
 */
export const randomOrder = (length: number, count: number, seed: number, epoch: number): Int32Array => {
  const order = new Int32Array(count)
  for (let [filled, round] = [0, 0]; filled < count; filled += length, round++) {
    // Four numbers, as the loader's transforms have those of three.
    const random = round === 0 ? randomSource(seed, epoch) : randomSource(seed, epoch, 0, round)
    order.set(permutation(length, Math.min(length, count - filled), random), filled)
  }
  return order
}

/** Fisher–Yates, only as far as it is wanted. */
const permutation = (length: number, count: number, random: RandomSource): Int32Array => {
  // Counted by hand: many times as fast as Int32Array.from, and a text has a window for each of its characters.
  const order = new Int32Array(length)
  for (let index = 0; index < length; index++) order[index] = index
  for (let last = length - 1; last > 0 && last >= length - count; last--) {
    const other = random.below(last + 1)
    const value = order[last] as number
    order[last] = order[other] as number
    order[other] = value
  }
  return order.subarray(length - count)
}
