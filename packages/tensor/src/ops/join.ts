import { ShapeError } from '@tenon/kernel'
import { promote } from '../promote.ts'
import { normalizeDim, sameShape, showShape } from '../shape.ts'
import { primitive, type Tensor } from '../tensor.ts'

/** concat([a, b, …], dim): one after the other along `dim`; source: torch.cat.   [..., n₁, ...], [..., n₂, ...] → [..., n₁ + n₂ + …, ...] */
export function concat(tensors: readonly Tensor[], dim = 0): Tensor {
  const first = tensors[0]
  if (!first) throw new ShapeError('concat takes at least one tensor, got none')
  const d = normalizeDim('concat', dim, first.ndim)
  const dtype = tensors.map((t) => t.dtype).reduce(promote)
  return tensors.length === 1
    ? first
    : primitive(
        'concat',
        tensors.map((t) => t.cast(dtype)),
        { dim: d },
      )
}

/** stack([a, b, …], dim): along a new dimension.   k tensors [...] → [..., k, ...] */
export function stack(tensors: readonly Tensor[], dim = 0): Tensor {
  const first = tensors[0]
  if (!first) throw new ShapeError('stack takes at least one tensor, got none')
  const other = tensors.find((t) => !sameShape(t.shape, first.shape))
  if (other) throw new ShapeError(`stack: shapes ${showShape(first.shape)} and ${showShape(other.shape)} must be equal`)
  const d = normalizeDim('stack', dim, first.ndim + 1)
  return concat(
    tensors.map((t) => t.unsqueeze(d)),
    d,
  )
}

/** Options of `meshgrid`. */
export interface MeshgridOptions {
  /** `ij`: the first tensor counts along the first dimension, as in a matrix; `xy`: along the second, as in a picture. */
  readonly indexing?: 'ij' | 'xy'
}

/**
 * meshgrid([a, b, …]): each vector, stretched over the grid of all of them; source: torch.meshgrid.
 * [n], [m], … → as many of [n, m, …]; of [m, n, …] for `xy`
 */
export function meshgrid(tensors: readonly Tensor[], { indexing = 'ij' }: MeshgridOptions = {}): Tensor[] {
  const other = tensors.find((t) => t.ndim > 1)
  if (other) throw new ShapeError(`meshgrid takes vectors, got one of shape ${showShape(other.shape)}`)
  const grid = tensors.map((t) => t.size)
  const grids = tensors.map((t, k) => t.reshape(grid.map((size, d) => (d === k ? size : 1))).broadcastTo(grid))
  return indexing === 'xy' && tensors.length > 1 ? grids.map((t) => t.transpose(0, 1)) : grids
}
