import { DTypeError } from '@tenon/kernel'
import { align, expandNode } from '../promote.ts'
import { broadcastShapes } from '../shape.ts'
import { fromScalar, primitive, Tensor } from '../tensor.ts'

/**
 * where(condition, a, b) = a where the condition holds, b elsewhere. The side not taken gets gradient 0, which an infinite
 * derivative there turns into NaN: keep what overflows out of it.   shapes broadcast; condition is bool
 */
export function where(condition: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  if (condition.dtype !== 'bool') throw new DTypeError(`where takes a bool condition, got ${condition.dtype}; compare it, as in x.ne(0)`)
  const left = typeof a === 'number' && typeof b === 'number' ? fromScalar(a, 'float32').node : typeof a === 'number' ? a : a.node
  const [x, y] = align('where', left, typeof b === 'number' ? b : b.node, false)
  const shape = broadcastShapes('where', condition.shape, x.shape)
  return primitive(
    'where',
    [condition.node, x, y].map((node) => new Tensor(expandNode(node, shape))),
    {},
  )
}
