/** How a tensor looks on a screen: nested brackets, aligned columns, the middle of long dimensions left out. */
import type { DType, TypedArray } from '@tenon/kernel'
import { isFloat } from '@tenon/kernel'
import { type Shape, stridesOf } from './shape.ts'

const edge = 3

const shown = (size: number): number[] =>
  size <= 2 * edge ? Array.from({ length: size }, (_, i) => i) : [0, 1, 2, -1, size - 3, size - 2, size - 1]

function formatNumber(value: number, dtype: DType): string {
  if (dtype === 'bool') return value ? 'true' : 'false'
  if (!isFloat(dtype) || !Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(4)
  return value.toFixed(4)
}

export function format(data: TypedArray, shape: Shape, dtype: DType): string {
  const strides = stridesOf(shape)
  const cells: string[] = []
  const visit = (d: number, at: number, emit: (i: number) => void): void => {
    if (d === shape.length) emit(at)
    else for (const i of shown(shape[d]!)) if (i >= 0) visit(d + 1, at + i * strides[d]!, emit)
  }
  visit(0, 0, (i) => cells.push(formatNumber(data[i]!, dtype)))
  const width = Math.max(0, ...cells.map((c) => c.length))
  let next = 0
  const build = (d: number): string => {
    if (d === shape.length) return cells[next++]!.padStart(shape.length ? width : 0)
    const separator = d === shape.length - 1 ? ', ' : `,${'\n'.repeat(shape.length - 1 - d)}${' '.repeat(d + 1)}`
    return `[${shown(shape[d]!)
      .map((i) => (i < 0 ? '…' : build(d + 1)))
      .join(separator)}]`
  }
  return build(0)
}
