/** Matrix multiplication as plain loops over typed arrays, summed in double. */
import { type Contraction, type MatrixView, product } from '@tenon/kernel'
import { blockSize, type Frame } from './blocks.ts'
import { compileStores } from './loop-kernel.ts'
import { settle } from './operations.ts'

/** Rows that share one pass over the right matrix. */
const rowsAtOnce = 8

export function compileContraction(kernel: Contraction, frame: Frame): () => void {
  const { batch, m, n, k, a, b } = kernel
  const rows = Math.min(m, Math.max(1, Math.min(rowsAtOnce, Math.floor((rowsAtOnce * blockSize) / n))))
  const result = new Float64Array(rows * n)
  frame.registers[0] = result
  const epilogue = compileStores(frame, [...batch, m, n], kernel.stores, (stage) => kernel.stores[stage - 1]!.value)

  /** Adds multiples of the right matrix's rows. */
  const addRows = (aStart: number, bStart: number, count: number): void => {
    const left = frame.buffers[a.buffer]!
    const right = frame.buffers[b.buffer]!
    const step = b.columnStride
    result.fill(0)
    for (let inner = 0; inner < k; inner++) {
      for (let row = 0; row < count; row++) {
        const factor = left[aStart + row * a.rowStride + inner * a.columnStride]!
        let at = bStart + inner * b.rowStride
        for (let out = row * n; out < (row + 1) * n; out++, at += step) result[out]! += factor * right[at]!
      }
    }
  }

  /** Multiplies each row with each column. */
  const dotColumns = (aStart: number, bStart: number, count: number): void => {
    const left = frame.buffers[a.buffer]!
    const right = frame.buffers[b.buffer]!
    for (let column = 0; column < n; column++) {
      for (let row = 0; row < count; row++) {
        let sum = 0
        let aAt = aStart + row * a.rowStride
        let bAt = bStart + column * b.columnStride
        for (let inner = 0; inner < k; inner++) {
          sum += left[aAt]! * right[bAt]!
          aAt += a.columnStride
          bAt += b.rowStride
        }
        result[row * n + column] = sum
      }
    }
  }

  // Along the axis in which the right matrix is contiguous.
  const multiply = b.columnStride <= b.rowStride ? addRows : dotColumns
  return () => {
    for (let matrix = 0; matrix < product(batch); matrix++) {
      const aStart = matrixStart(a, batch, matrix)
      const bStart = matrixStart(b, batch, matrix)
      for (let row = 0; row < m; row += rows) {
        const count = Math.min(rows, m - row)
        multiply(aStart + row * a.rowStride, bStart, count)
        settle[kernel.dtype]?.(result, count * n)
        frame.firstGridPoint = (matrix * m + row) * n
        epilogue(count * n)
      }
    }
  }
}

function matrixStart(view: MatrixView, batch: readonly number[], matrix: number): number {
  let start = view.offset
  let rest = matrix
  for (let d = batch.length - 1; d >= 0; d--) {
    start += (rest % batch[d]!) * view.batchStrides[d]!
    rest = Math.floor(rest / batch[d]!)
  }
  return start
}
