import { arange, type DType, exp, type Tensor } from '@tenon/tensor'
import { type Offset, positions } from './position.ts'

/** angle[p, i] = (offset + p) · base^(−2i / dim), the phases of sinusoidal and rotary positions.   → [length, ⌈dim / 2⌉] */
export function waves(name: string, length: number, dim: number, base: number, offset: Offset, dtype: DType): Tensor {
  const frequencies = exp(arange(Math.ceil(dim / 2), undefined, 1, { dtype }).mul((-2 * Math.log(base)) / dim))
  return positions(name, length, offset).cast(dtype).unsqueeze(1).mul(frequencies)
}
