/** Products of two tensors; `a.matmul(b)` is the one of matrices and vectors, einsum the general one. */
import { ShapeError } from '@tenon/kernel'
import { showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'

/** outer(a, b)[i, j] = aᵢ · bⱼ; source: torch.outer.   [n], [m] → [n, m] */
export function outer(a: Tensor, b: Tensor): Tensor {
  if (a.ndim !== 1 || b.ndim !== 1) throw new ShapeError(`outer takes two vectors, got ${showShape(a.shape)} and ${showShape(b.shape)}`)
  return a.unsqueeze(1).mul(b)
}

/**
 * inner(a, b) = Σ over the last dimension of both; a product where one has none. Source: torch.inner.
 * [...x, k], [...y, k] → [...x, ...y]
 */
export function inner(a: Tensor, b: Tensor): Tensor {
  if (a.ndim === 0 || b.ndim === 0) return a.mul(b)
  const [k, size] = [a.shape.at(-1)!, b.shape.at(-1)!]
  if (k !== size) {
    throw new ShapeError(`inner: the last dimensions, ${k} of ${showShape(a.shape)} and ${size} of ${showShape(b.shape)}, must be equal`)
  }
  const rows = b.shape.slice(0, -1)
  const columns = b.reshape([rows.reduce((n, d) => n * d, 1), k]).transpose(0, 1) // [k, y]
  return a.matmul(columns).reshape([...a.shape.slice(0, -1), ...rows])
}

/** kron(a, b): every element of a times the whole of b, as blocks (Kronecker); source: torch.kron.   [n, m], [k, l] → [n·k, m·l] */
export function kron(a: Tensor, b: Tensor): Tensor {
  const ndim = Math.max(a.ndim, b.ndim)
  const filled = (x: Tensor): number[] => [...new Array<number>(ndim - x.ndim).fill(1), ...x.shape]
  const [left, right] = [filled(a), filled(b)]
  return a
    .reshape(left.flatMap((size) => [size, 1])) // [n, 1, m, 1]
    .mul(b.reshape(right.flatMap((size) => [1, size]))) // [n, k, m, l]
    .reshape(left.map((size, d) => size * right[d]!))
}
