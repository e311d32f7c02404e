import { normalizeDim } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'

/** cumsum(x, dim)ᵢ = x₀ + x₁ + … + xᵢ along `dim`; bools count as integers. Source: torch.cumsum.   [..., n, ...] → same */
export function cumsum(x: Tensor, dim: number): Tensor {
  return primitive('cumsum', [numbers(x)], { dim: normalizeDim('cumsum', dim, x.ndim) })
}

/**
 * cumprod(x, dim)ᵢ = x₀ · x₁ · … · xᵢ along `dim`; bools count as integers. Its gradient divides by nothing, so factors of 0 are no
 * exception. Source: torch.cumprod.   [..., n, ...] → same
 */
export function cumprod(x: Tensor, dim: number): Tensor {
  return primitive('cumprod', [numbers(x)], { dim: normalizeDim('cumprod', dim, x.ndim) })
}

const numbers = (x: Tensor): Tensor => (x.dtype === 'bool' ? x.cast('int32') : x)
