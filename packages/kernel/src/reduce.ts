/** What a reduction of nothing gives, and every reduction may begin with. */
import type { DType } from './dtype.ts'
import type { ReduceOp } from './kernel.ts'

const lowest: Readonly<Record<DType, number>> = {
  float32: -Infinity,
  float64: -Infinity,
  int32: -(2 ** 31),
  uint32: 0,
  bool: 0,
}
const highest: Readonly<Record<DType, number>> = {
  float32: Infinity,
  float64: Infinity,
  int32: 2 ** 31 - 1,
  uint32: 2 ** 32 - 1,
  bool: 1,
}

/** Of the values; an argmax or argmin begins with what any value replaces, at position 0. */
export function identity(op: ReduceOp, dtype: DType): number {
  switch (op) {
    case 'sum':
      return 0
    case 'prod':
      return 1
    case 'max':
    case 'argmax':
      return lowest[dtype]
    case 'min':
    case 'argmin':
      return highest[dtype]
  }
}

/** Whether the result is a place and not a value. */
export const isArg = (op: ReduceOp): boolean => op === 'argmax' || op === 'argmin'
