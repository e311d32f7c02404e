import { ShapeError } from '@tenon/kernel'
import { normalizeDim, showShape } from '../shape.ts'
import type { Tensor } from '../tensor.ts'
import { arange } from './create.ts'
import { where } from './where.ts'

/** j − i of every element (i, j) of the last two dimensions: which diagonal it lies on.   [n, m] */
const offsets = (n: number, m: number): Tensor => arange(m).sub(arange(n).unsqueeze(1))

function matrixOf(op: string, x: Tensor, diagonal: number): [number, number] {
  if (x.ndim < 2) throw new ShapeError(`${op} takes a tensor of at least two dimensions, got ${showShape(x.shape)}`)
  checkOffset(op, diagonal)
  return x.shape.slice(-2) as [number, number]
}

function checkOffset(op: string, offset: number): void {
  if (!Number.isInteger(offset)) throw new ShapeError(`${op}: the diagonal is a whole number, got ${offset}`)
}

/**
 * tril(x, diagonal): x on and below the diagonal (above the main one where positive), 0 elsewhere; source: torch.tril.
 * [..., n, m] → same
 */
export const tril = (x: Tensor, diagonal = 0): Tensor => where(offsets(...matrixOf('tril', x, diagonal)).le(diagonal), x, 0).cast(x.dtype)

/**
 * triu(x, diagonal): x on and above the diagonal (above the main one where positive), 0 elsewhere; source: torch.triu.
 * [..., n, m] → same
 */
export const triu = (x: Tensor, diagonal = 0): Tensor => where(offsets(...matrixOf('triu', x, diagonal)).ge(diagonal), x, 0).cast(x.dtype)

/**
 * diagonal(x, offset, dim1, dim2)[…, k] = x[…, k, …, k + offset, …], row along dim1, column along dim2, from row −offset on where the
 * offset is negative. Source: torch.diagonal.   [..., n, m] → [..., k]
 */
export function diagonal(x: Tensor, offset = 0, dim1 = 0, dim2 = 1): Tensor {
  const [a, b] = [normalizeDim('diagonal', dim1, x.ndim), normalizeDim('diagonal', dim2, x.ndim)]
  if (a === b) throw new ShapeError(`diagonal: dim1 and dim2 must differ, got ${dim1} and ${dim2} for ${showShape(x.shape)}`)
  checkOffset('diagonal', offset)
  const rest = [...x.shape.keys()].filter((d) => d !== a && d !== b)
  const lead = rest.map((d) => x.shape[d]!)
  const [row, column] = [Math.max(0, -offset), Math.max(0, offset)]
  const size = Math.max(0, Math.min(x.shape[a]! - row, x.shape[b]! - column))
  // of a square matrix as one line, every (size + 1)-th element
  return x
    .permute([...rest, a, b]) // [..., n, m]
    .slice(-2, row, row + size)
    .slice(-1, column, column + size) // [..., k, k]
    .reshape([...lead, size * size])
    .slice(-1, 0, size * size, size + 1)
}

/**
 * diag(x, offset): the diagonal of a matrix, or the square matrix of which x is the diagonal, 0 elsewhere; source: torch.diag.
 * [n, m] → [k]; [n] → [n + |offset|, n + |offset|]
 */
export function diag(x: Tensor, offset = 0): Tensor {
  if (x.ndim === 2) return diagonal(x, offset)
  if (x.ndim !== 1) throw new ShapeError(`diag takes a vector or a matrix, got ${showShape(x.shape)}`)
  checkOffset('diag', offset)
  const size = x.size + Math.abs(offset)
  const [above, below] = [Math.max(0, offset), Math.max(0, -offset)]
  const columns = x.pad([[above, below]]).broadcastTo([size, size]) // [i, j]: the element of column j
  return where(offsets(size, size).eq(offset), columns, 0).cast(x.dtype)
}

/** trace(x) = Σ xᵢᵢ; source: torch.trace.   [n, m] → [] */
export function trace(x: Tensor): Tensor {
  if (x.ndim !== 2) throw new ShapeError(`trace takes a matrix, got ${showShape(x.shape)}`)
  return diagonal(x).sum()
}
