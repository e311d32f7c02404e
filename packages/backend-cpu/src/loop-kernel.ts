/** Loop kernels: the stages as passes over blocks of grid points. */
import { type Expr, type LoopKernel, type ReduceStage, type Stage, type StoreStage } from '@tenon/kernel'
import { type Block, scatters } from './operations.ts'
import { blockSize, compileBlocks, type Frame, product, type StoredAs } from './blocks.ts'
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
  const { grid, stages } = kernel
  const total = product(grid)
  // A few rows at once when rows are short; one row at a time when they are long, so that what one stage read the next finds in the cache.
  const longest = Math.max(1, ...stages.map((s) => product(s.extents)))
  const gridPoints = Math.max(1, Math.min(total, Math.floor(blockSize / longest)))
  const passes = groups(stages).map((group) => compileStages(frame, grid, stages, group, gridPoints))
  return () => {
    for (let point = 0; point < total; point += gridPoints) {
      frame.firstGridPoint = point
      const count = Math.min(gridPoints, total - point)
      for (const pass of passes) pass(count)
    }
  }
}

/** The stages by number: each reduction alone, neighbouring stores of equal extents together, so that all of them load before one stores. */
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

function compileStages(frame: Frame, grid: readonly number[], stages: readonly Stage[], group: readonly number[], gridPoints: number): Pass {
  const first = stages[group[0]!]!
  if (first.kind === 'reduce') return compileReduce(frame, grid, stages, group[0]!, first, gridPoints)
  return compileStores(frame, grid, group.map((i) => stages[i] as StoreStage), storedIn(stages, new Set(group)))
}

/** What a stage of this group stored is its value; what an earlier group stored is in memory by now. */
const storedIn = (stages: readonly Stage[], group: ReadonlySet<number>): StoredAs => (number) => {
  const stage = stages[number] as StoreStage
  if (group.has(number)) return stage.value
  return { op: 'load', dtype: stage.value.dtype, id: -1, buffer: stage.buffer, index: stage.index, valid: null }
}

export function compileStores(frame: Frame, grid: readonly number[], stores: readonly StoreStage[], storedAs: StoredAs): Pass {
  if (stores.length === 0) return () => {}
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

function compileReduce(frame: Frame, grid: readonly number[], stages: readonly Stage[], number: number, stage: ReduceStage, gridPoints: number): Pass {
  const length = product(stage.extents)
  const { run, results } = compileBlocks(frame, [...grid, ...stage.extents], grid.length, [stage.value], storedIn(stages, new Set()))
  const values = results[0]!
  const reducer = makeReducer(stage, gridPoints)
  const register: Block = (frame.registers[number] = new Float64Array(gridPoints))
  return (count) => {
    reducer.begin(count)
    forBlocks(frame, frame.firstGridPoint * length, count * length, (n, done) => {
      run(n)
      reducer.add(values, n, done, length)
    })
    reducer.finish(count, register)
  }
}
