/** Scatters: fill the output, then go through the points in order. */
import { product, type Scatter } from '@tenon/kernel'
import { compileBlocks, type Frame } from './blocks.ts'
import { forBlocks } from './loop-kernel.ts'
import type { Block } from './operations.ts'

const noStages = (): never => {
  throw new Error('a scatter has no stages')
}

export function compileScatter(kernel: Scatter, frame: Frame): () => void {
  const { length } = kernel.buffers[kernel.out]!
  const initial = compileBlocks(frame, [length], 1, [kernel.initial], noStages)
  const points = compileBlocks(frame, kernel.grid, kernel.grid.length, [kernel.index, kernel.value], noStages)
  const [indices, values] = points.results as [Block, Block]
  return () => {
    const data = frame.buffers[kernel.out]!
    forBlocks(frame, 0, length, (n, done) => {
      initial.run(n)
      data.set(initial.results[0]!.subarray(0, n), done)
    })
    forBlocks(frame, 0, product(kernel.grid), (n) => {
      points.run(n)
      for (let i = 0; i < n; i++) {
        const index = indices[i]!
        if (index < 0 || index >= length) continue
        if (kernel.op === 'add') data[index]! += values[i]!
        else data[index] = values[i]!
      }
    })
  }
}
