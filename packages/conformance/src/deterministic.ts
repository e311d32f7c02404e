/** Numbers that scripts/make-fixtures.py makes too, bit for bit: a hash of the position, so that fixtures hold no weights. */

/** murmur3's finalizer: every bit of the result depends on every bit of x. */
function mix(x: number): number {
  let h = x | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Uniform in [−scale, scale): element i of stream `salt`. */
export const uniform = (salt: number, length: number, scale: number): Float64Array =>
  Float64Array.from({ length }, (_, i) => (mix(i + Math.imul(salt, 0x9e3779b9)) / 2 ** 31 - 1) * scale)

/** Whole numbers in [0, count). */
export const classes = (salt: number, length: number, count: number): Int32Array =>
  Int32Array.from({ length }, (_, i) => mix(i + Math.imul(salt, 0x9e3779b9)) % count)
