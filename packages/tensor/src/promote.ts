/** Which dtype the two sides of an op meet in, as in PyTorch: bool < uint32 < int32 < float32 < float64. */
import type { DType } from '@tenon/kernel'
import { isFloat } from '@tenon/kernel'
import { constNode, makeNode, type Node } from './node.ts'
import { broadcastShapes, type Shape, sameShape } from './shape.ts'

const order: readonly DType[] = ['bool', 'uint32', 'int32', 'float32', 'float64']

export const promote = (a: DType, b: DType): DType => (order.indexOf(a) >= order.indexOf(b) ? a : b)

/** A JavaScript number takes the tensor's dtype; only a fraction makes an integer tensor float, and a number a bool tensor int. */
export function numberDType(value: number, beside: DType): DType {
  if (isFloat(beside)) return beside
  if (!Number.isInteger(value)) return 'float32'
  return beside === 'bool' ? 'int32' : beside
}

export const castNode = (x: Node, dtype: DType): Node =>
  x.dtype === dtype
    ? x
    : x.op === 'const'
      ? constNode((x.attrs as { value: number }).value, dtype, x.shape.length)
      : makeNode('cast', [x], { dtype })

export const reshapeNode = (x: Node, shape: Shape): Node => (sameShape(x.shape, shape) ? x : makeNode('reshape', [x], { shape }))

/** Stretches size-1 (and missing leading) dimensions to `shape`. */
export function expandNode(x: Node, shape: Shape): Node {
  if (sameShape(x.shape, shape)) return x
  const aligned = [...new Array<number>(shape.length - x.shape.length).fill(1), ...x.shape]
  return makeNode('expand', [reshapeNode(x, aligned)], { shape })
}

/** The operands of an elementwise op, in one dtype and one shape. */
export function align(op: string, a: Node | number, b: Node | number, floats: boolean): [Node, Node] {
  const known = typeof a === 'number' ? (b as Node) : a
  const number = (value: number): Node => constNode(value, numberDType(value, known.dtype), known.shape.length)
  const left = typeof a === 'number' ? number(a) : a
  const right = typeof b === 'number' ? number(b) : b
  let dtype = promote(left.dtype, right.dtype)
  if (floats && !isFloat(dtype)) dtype = 'float32'
  const shape = left === a && right === b ? broadcastShapes(op, left.shape, right.shape) : known.shape
  return [expandNode(castNode(left, dtype), shape), expandNode(castNode(right, dtype), shape)]
}
