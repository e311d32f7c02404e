/** Picking by position. An index whose values are known before the run is checked; elsewhere one out of range picks 0. */
import { DTypeError, ShapeError } from '@tenon/kernel'
import { broadcastShapes, normalizeDim, showShape } from '../shape.ts'
import { fromScalar, type Tensor } from '../tensor.ts'

/** Refuses an index out of range where its values are known without computing. */
function checkRange(op: string, index: Tensor, dim: number, size: number): void {
  const bad = index.node.storage?.host?.find((i) => i < 0 || i >= size)
  if (bad !== undefined) throw new ShapeError(`${op}: index ${bad} is out of range for dimension ${dim} of size ${size}`)
}

/**
 * narrow(x, dim, start, length): `length` elements of `dim` from `start` on, all of which must exist; source: torch.narrow.
 * [..., d, ...] → [..., length, ...]
 */
export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const d = normalizeDim('narrow', dim, x.ndim)
  const size = x.shape[d]!
  const from = start < 0 ? start + size : start
  if (![start, length].every(Number.isInteger) || from < 0 || length < 0 || from + length > size) {
    throw new ShapeError(`narrow: ${length} elements from index ${start} are out of range for dimension ${dim} of size ${size}`)
  }
  return x.slice(d, from, from + length)
}

/** take(x, index)[…] = x[index[…]], x as one line, row-major; source: torch.take.   any shape, int32 [...] → [...] */
export function take(x: Tensor, index: Tensor): Tensor {
  checkRange('take', index, 0, x.size)
  return x.flatten().indexSelect(0, index.flatten()).reshape(index.shape)
}

/**
 * takeAlongDim(x, index, dim): torch.gather with broadcasting off `dim`, so that `takeAlongDim(x, x.argmax(1, { keepdim: true }), 1)` is
 * the maximum. Source: torch.take_along_dim.   [..., d, ...], int32 [..., k, ...] → [..., k, ...]
 */
export function takeAlongDim(x: Tensor, index: Tensor, dim: number): Tensor {
  const d = normalizeDim('takeAlongDim', dim, x.ndim)
  if (index.ndim !== x.ndim) {
    throw new ShapeError(`takeAlongDim: the index has as many dimensions as x, got ${showShape(index.shape)} for ${showShape(x.shape)}`)
  }
  checkRange('takeAlongDim', index, dim, x.shape[d]!)
  const off = (shape: readonly number[], size: number): number[] => shape.map((s, i) => (i === d ? size : s))
  const common = broadcastShapes('takeAlongDim', off(x.shape, 1), off(index.shape, 1))
  return x.broadcastTo(off(common, x.shape[d]!)).gather(d, index.broadcastTo(off(common, index.shape[d]!)))
}

/**
 * indexAdd(x, dim, index, source): x with alpha · source[…, k, …] added at […, index[k], …] along `dim`, as often as it is named.
 * Source: torch.index_add.   [..., d, ...], int32 [k], [..., k, ...] → [..., d, ...]
 */
export function indexAdd(x: Tensor, dim: number, index: Tensor, source: Tensor, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  const d = normalizeDim('indexAdd', dim, x.ndim)
  const expected = x.shape.map((s, i) => (i === d ? index.size : s))
  if (index.ndim !== 1 || source.shape.join() !== expected.join()) {
    throw new ShapeError(
      `indexAdd: an index of one dimension, got ${showShape(index.shape)}, ` +
        `and a source ${showShape(expected)}, got ${showShape(source.shape)}`,
    )
  }
  if (source.dtype !== x.dtype) throw new DTypeError(`indexAdd: dtypes ${x.dtype} and ${source.dtype} differ; cast one of them`)
  checkRange('indexAdd', index, dim, x.shape[d]!)
  const spread = index.reshape(expected.map((s, i) => (i === d ? s : 1))).broadcastTo(expected)
  return x.scatterAdd(d, spread, alpha === 1 ? source : source.mul(fromScalar(alpha, source.dtype)))
}
