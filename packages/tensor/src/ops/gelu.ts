import { toFloat } from '../compose.ts'
import type { Tensor } from '../tensor.ts'
import { erf } from './erf.ts'
import { tanh } from './trigonometry.ts'

/** Options of `gelu`. */
export interface GeluOptions {
  readonly approximate?: 'none' | 'tanh'
}

/**
 * gelu(x) = x · Φ(x) = ½ x (1 + erf(x / √2)) (Hendrycks and Gimpel 2016); with `approximate: 'tanh'`
 * ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))), as GPT-2 has it.   any shape → same
 */
export function gelu(input: Tensor, { approximate = 'none' }: GeluOptions = {}): Tensor {
  const x = toFloat(input)
  if (approximate === 'none') return x.mul(0.5).mul(erf(x.mul(Math.SQRT1_2)).add(1))
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI))
  return x.mul(0.5).mul(tanh(inner).add(1))
}
