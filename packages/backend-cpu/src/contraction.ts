/** Matrix multiplication as plain loops over typed arrays, summed in double. */
import type { Contraction, MatrixView, TypedArray } from '@tenon/kernel'
import { blockSize, type Frame, product } from './blocks.ts'
import { type Block, settle } from './operations.ts'
import { compileStores } from './loop-kernel.ts'

/** Rows that share one pass over the right matrix. */
const rowsAtOnce = 8

export function compileContraction(kernel: Contraction, frame: Frame): () => void {
  const { batch, m, n, k, a, b } = kernel
  const rows = Math.max(1, Math.min(m, rowsAtOnce, n > 0 ? Math.floor((rowsAtOnce * blockSize) / n) : 1))
  const result: Block = (frame.registers[0] = new Float64Array(rows * n))
  const epilogue = compileStores(frame, [...batch, m, n], kernel.stores, (stage) => kernel.stores[stage - 1]!.value)
  // Along the axis in which the right matrix is contiguous.
  const multiply = b.columnStride <= b.rowStride ? addRows : dotColumns
  const matrices = product(batch)
  return () => {
    const left = frame.buffers[a.buffer]!
    const right = frame.buffers[b.buffer]!
    for (let matrix = 0; matrix < matrices; matrix++) {
      const aStart = matrixStart(a, batch, matrix)
      const bStart = matrixStart(b, batch, matrix)
      for (let row = 0; row < m; row += rows) {
        const count = Math.min(rows, m - row)
        multiply(result, left, aStart + row * a.rowStride, a, right, bStart, b, count, n, k)
        settle[kernel.dtype]?.(result, count * n)
        frame.firstGridPoint = (matrix * m + row) * n
        epilogue(count * n)
      }
    }
  }
}

function matrixStart(view: MatrixView, batch: readonly number[], matrix: number): number {
  let start = view.offset
  for (let d = batch.length - 1, rest = matrix; d >= 0; d--) {
    start += (rest % batch[d]!) * view.batchStrides[d]!
    rest = Math.floor(rest / batch[d]!)
  }
  return start
}

type Multiply = (
  out: Block,
  left: TypedArray, aStart: number, a: MatrixView,
  right: TypedArray, bStart: number, b: MatrixView,
  rows: number, n: number, k: number,
) => void

/** Adds multiples of the right matrix's rows. */
const addRows: Multiply = (out, left, aStart, a, right, bStart, b, rows, n, k) => {
  out.fill(0)
  const step = b.columnStride
  for (let inner = 0; inner < k; inner++) {
    for (let row = 0; row < rows; row++) {
      const factor = left[aStart + row * a.rowStride + inner * a.columnStride]!
      const outStart = row * n
      let at = bStart + inner * b.rowStride
      for (let column = 0; column < n; column++, at += step) out[outStart + column]! += factor * right[at]!
    }
  }
}

/** Multiplies each row with each column. */
const dotColumns: Multiply = (out, left, aStart, a, right, bStart, b, rows, n, k) => {
  const aStep = a.columnStride
  const bStep = b.rowStride
  for (let column = 0; column < n; column++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0
      let aAt = aStart + row * a.rowStride
      let bAt = bStart + column * b.columnStride
      for (let inner = 0; inner < k; inner++, aAt += aStep, bAt += bStep) sum += left[aAt]! * right[bAt]!
      out[row * n + column] = sum
    }
  }
}
