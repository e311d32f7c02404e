/** Loop kernels: the stages as passes over blocks of grid points. */
import { type Expr, type LoopKernel, product, type ReduceStage, type Stage, type StoreStage } from '@tenon/kernel'
import { blockSize, compileBlocks, type Frame, type StoredAs } from './blocks.ts'
import { scatters } from './operations.ts'
import { makeReducer } from './reduce.ts'

/** Runs for `count` grid points from the frame's first one on. */
export type Pass = (count: number) => void

/** Calls back for the blocks of `total` points, which start at point `first`. */
export function forBlocks(frame: Frame, first: number, total: number, visit: (n: number, done: number) => void): void {
  for (let done = 0; done < total; done += blockSize) {
    frame.firstPoint = first + done
    visit(Math.min(blockSize, total - done), done)
  }
}

export function compileLoop(kernel: LoopKernel, frame: Frame): () => void {
  const total = product(kernel.grid)
  // Several rows at once where rows are short; one at a time where they are long, so that what a stage read is still
  // in the cache when the next one reads it.
  const longest = Math.max(1, ...kernel.stages.map((s) => product(s.extents)))
  const gridPoints = Math.max(1, Math.min(total, Math.floor(blockSize / longest)))
  const passes = groups(kernel.stages).map((group) => compileGroup(kernel, frame, group, gridPoints))
  return () => {
    for (let point = 0; point < total; point += gridPoints) {
      frame.firstGridPoint = point
      const count = Math.min(gridPoints, total - point)
      for (const pass of passes) pass(count)
    }
  }
}

/**
 * Stages by number: each reduction alone, and neighbouring stores over equal extents together, so that all of them load
 * before one stores.
 */
function groups(stages: readonly Stage[]): number[][] {
  const result: number[][] = []
  stages.forEach((stage, i) => {
    const before = stages[i - 1]
    const joins = stage.kind === 'store' && before?.kind === 'store' && String(stage.extents) === String(before.extents)
    if (joins) result.at(-1)!.push(i)
    else result.push([i])
  })
  return result
}

function compileGroup({ grid, stages }: LoopKernel, frame: Frame, group: readonly number[], gridPoints: number): Pass {
  const storedAs: StoredAs = (number) => {
    const { value, buffer, index } = stages[number] as StoreStage
    // What an earlier group stored is in memory by now.
    return group.includes(number) ? value : { op: 'load', dtype: value.dtype, id: -1, buffer, index, valid: null }
  }
  const first = stages[group[0]!]!
  if (first.kind === 'store')
    return compileStores(
      frame,
      grid,
      group.map((i) => stages[i] as StoreStage),
      storedAs,
    )
  const register = new Float64Array(gridPoints)
  frame.registers[group[0]!] = register
  return compileReduce(frame, grid, first, register, storedAs)
}

/** Stores over equal extents. */
export function compileStores(frame: Frame, grid: readonly number[], stores: readonly StoreStage[], storedAs: StoredAs): Pass {
  const extents = stores[0]!.extents
  const inner = product(extents)
  const roots = stores.flatMap((s): Expr[] => [s.index, s.value])
  const { run, results } = compileBlocks(frame, [...grid, ...extents], grid.length, roots, storedAs)
  const commits = stores.map((s, i) => {
    const scatter = scatters[s.value.dtype]
    const index = results[2 * i]!
    const values = results[2 * i + 1]!
    return (n: number): void => scatter(frame.buffers[s.buffer]!, index, values, n)
  })
  return (count) =>
    forBlocks(frame, frame.firstGridPoint * inner, count * inner, (n) => {
      run(n)
      for (const commit of commits) commit(n)
    })
}

function compileReduce(frame: Frame, grid: readonly number[], stage: ReduceStage, register: Float64Array, storedAs: StoredAs): Pass {
  const length = product(stage.extents)
  const { run, results } = compileBlocks(frame, [...grid, ...stage.extents], grid.length, [stage.value], storedAs)
  const values = results[0]!
  const reducer = makeReducer(stage, register.length)
  return (count) => {
    reducer.begin(count)
    forBlocks(frame, frame.firstGridPoint * length, count * length, (n, done) => {
      run(n)
      reducer.add(values, n, done, length)
    })
    reducer.finish(count, register)
  }
}
