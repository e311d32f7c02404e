/** Prefix scans and sorts: what each element of a line is depends on the others. */
import { isFloat, type PrefixScan, product, type Sort } from '@tenon/kernel'
import { compileBlocks, type Frame } from './blocks.ts'
import { forBlocks } from './loop-kernel.ts'

/** Where the lines along the axis lie: at `first`, first + stride, … */
function forLines({ grid, axis }: PrefixScan | Sort, visit: (first: number, stride: number, length: number) => void): void {
  const length = grid[axis]!
  const stride = product(grid.slice(axis + 1))
  for (let block = 0; block < product(grid); block += length * stride) {
    for (let first = block; first < block + stride; first++) visit(first, stride, length)
  }
}

export function compileLines(kernel: PrefixScan | Sort, frame: Frame): () => void {
  const { grid, out, value } = kernel
  const { run, results } = compileBlocks(frame, grid, grid.length, [value], () => {
    throw new Error(`a ${kernel.kind} has no stages`)
  })
  const compute = kernel.kind === 'sort' ? sortLine(kernel) : scanLine(kernel)
  return () => {
    const values = new Float64Array(product(grid))
    forBlocks(frame, 0, values.length, (n, done) => {
      run(n)
      values.set(results[0]!.subarray(0, n), done)
    })
    const data = frame.buffers[out]!
    forLines(kernel, (first, stride, length) => {
      const line = Array.from({ length }, (_, i) => values[first + i * stride]!)
      compute(line).forEach((result, i) => {
        data[first + i * stride] = result
      })
    })
  }
}

type ComputeLine = (line: readonly number[]) => number[]

/** In double, and rounded where it is stored; integers wrap. */
function scanLine({ op, value: { dtype } }: PrefixScan): ComputeLine {
  const float = op === 'sum' ? (a: number, b: number) => a + b : (a: number, b: number) => a * b
  const integer = op === 'sum' ? (a: number, b: number) => (a + b) | 0 : Math.imul
  const combine = isFloat(dtype) ? float : integer
  return (line) => {
    let total = op === 'sum' ? 0 : 1
    return line.map((x) => (total = combine(total, x)))
  }
}

/** NaN comes after everything. */
const ascending = (a: number, b: number): number => Number(a > b) - Number(a < b) || Number(Number.isNaN(a)) - Number(Number.isNaN(b))

/** JavaScript's sort is stable. */
function sortLine({ descending }: Sort): ComputeLine {
  const order = descending ? (a: number, b: number) => ascending(b, a) : ascending
  return (line) => [...line.keys()].sort((i, j) => order(line[i]!, line[j]!))
}
