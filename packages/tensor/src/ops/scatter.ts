import { DTypeError, ShapeError } from '@tenon/kernel'
import { showShape } from '../shape.ts'
import { checkIndex, primitive, type Tensor } from '../tensor.ts'
import { full } from './create.ts'

/**
 * scatter(x, dim, index, src): x with src[…i…], or the number `src`, in place of the element at […index[…i…]…] along `dim`. Where the index names
 * an element more than once the last in row-major order is there; each of them gets its gradient, as in PyTorch. Source: torch.scatter.
 * To add instead, there is x.scatterAdd.
 *
 * x [...], index int32 [...] and src of at least its sizes → the shape of x
 *
 * @throws ShapeError where shapes do not fit, or an index that is known lies outside; DTypeError where dtypes differ
 */
export function scatter(x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  const d = checkIndex('scatter', x, dim, index)
  if (typeof src === 'number') return primitive('scatter', [x, index, full(index.shape, src, { dtype: x.dtype })], { dim: d, op: 'set' })
  if (src.ndim !== index.ndim || index.shape.some((size, i) => size > src.shape[i]!)) {
    throw new ShapeError(`scatter: src ${showShape(src.shape)} has not an element for each of index ${showShape(index.shape)}`)
  }
  if (src.dtype !== x.dtype) throw new DTypeError(`scatter: dtypes ${x.dtype} and ${src.dtype} differ; cast one of them`)
  const used = index.shape.reduce((part, size, i) => part.slice(i, 0, size), src)
  return primitive('scatter', [x, index, used], { dim: d, op: 'set' })
}
