/** Where a sequence begins, as the layers here take it. */
import { arange, DTypeError, ShapeError, showShape, type Tensor } from '@tenon/tensor'

/** A number, or an int32 tensor without dimensions: the latter may change from run to run of one captured program. */
export type Offset = number | Tensor

/** offset, offset + 1, …   → [length], int32 */
export function positions(name: string, length: number, offset: Offset): Tensor {
  if (typeof offset === 'number') {
    if (!Number.isInteger(offset) || offset < 0) throw new RangeError(`${name} takes an offset that is a whole number ≥ 0, got ${offset}`)
    return arange(length).add(offset)
  }
  return arange(length).add(checkPosition(name, offset))
}

export function checkPosition(name: string, position: Tensor): Tensor {
  if (position.dtype !== 'int32')
    throw new DTypeError(`${name} takes a position as int32, got ${position.dtype}; cast with x.cast('int32')`)
  if (position.ndim !== 0) throw new ShapeError(`${name} takes one position, of shape [], got ${showShape(position.shape)}`)
  return position
}

/** The value of a position that JavaScript has at hand; null where only a device knows it, as under jit. */
export function knownPosition({ node }: Tensor): number | null {
  if (node.op === 'const') return (node.attrs as { value: number }).value
  return node.storage?.host?.[0] ?? null
}
