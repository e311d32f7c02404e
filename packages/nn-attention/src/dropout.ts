import { rand, type Tensor, where } from '@tenon/tensor'

export function checkDropout(name: string, p: number): void {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`${name} takes a dropout between 0 and 1, got ${p}`)
}

/** As @tenon/nn's Dropout while training: 0 with probability p, x / (1 − p) otherwise. */
export function drop(x: Tensor, p: number): Tensor {
  if (p === 0) return x
  return where(rand(x.shape).ge(p), x.mul(p === 1 ? 0 : 1 / (1 - p)), 0)
}
