/**
 * Convolution as a matrix product without a matrix: rows are output channels, columns the outputs of one image as they lie in the padded image, where a tap is
 * nothing but a distance. So B is the image itself, read at the distance that a table has for each k. The columns between the rows
 * of an image are computed and dropped; in return nothing is copied once for each tap.
 */
import type { Convolution } from '@tenon/kernel'
import { choose, type I32 } from '../assembler/code.ts'
import { i32, memoryFill } from '../assembler/instructions.ts'
import { minimum, plus, times, Writer } from '../assembler/writer.ts'
import type { LoopFunction, ModuleContext } from '../loops/compile.ts'
import { tileColumns } from './block-product.ts'
import { evenBlocks } from './even-blocks.ts'
import { compilePart, epilogueStages, float, oneOf, type PartCall } from './part.ts'
import { roundUp } from './round-up.ts'
import { compileRows } from './row-tiles.ts'
import { tapsOf, weightsOf } from './weights.ts'
import { compileImage, compileTapTable, positionOf, type Window, windowOf } from './window.ts'

/** Elements of a block of the image, and of its sums, that stay in the second cache. */
const mostElements = 65536
/** Most of k at once, and of output channels. */
const mostDepth = 512
const mostRows = 256

interface Blocks {
  readonly window: Window
  /** Outputs of the first axis in a block. */
  readonly outputs: number
  readonly count: number
  /** Elements from one output channel's sums to the next's. */
  readonly sumRow: number
}

export function spatialBlocks(kernel: Convolution, threads: number): Blocks {
  const total = kernel.spatial[0]!.output
  const blocksOf = (outputs: number): Blocks => {
    const window = windowOf(kernel, 1, outputs)
    return { window, outputs, count: Math.ceil(total / outputs), sumRow: roundUp(window.span, tileColumns) }
  }
  let blocks = blocksOf(total)
  const size = ({ window, sumRow }: Blocks): number => Math.max(window.channel * kernel.inChannels, sumRow * kernel.outChannels)
  while (blocks.outputs > 1 && size(blocks) > mostElements) blocks = blocksOf(Math.ceil(blocks.outputs / 2))
  const count = evenBlocks(blocks.count, Math.ceil(total / 4), kernel.batch * kernel.groups, threads)
  return count === blocks.count ? blocks : blocksOf(Math.ceil(total / count))
}

export function compileSpatialLanes(context: ModuleContext, kernel: Convolution): LoopFunction {
  const { batch, groups, outChannels, spatial } = kernel
  const blocks = spatialBlocks(kernel, context.threads)
  const { window } = blocks
  const depth = kernel.inChannels * tapsOf(kernel)
  const weights = weightsOf(context, kernel)
  const table = compileTapTable(context, kernel, window, kernel.inChannels)
  const image = compileImage(context, kernel, window, { channels: false, rows: blocks.count > 1 })
  const shape = {
    rows: outChannels,
    aRow: weights.row,
    aStep: weights.step,
    bStep: 'table',
    bTile: tileColumns * float,
    cRow: blocks.sumRow * float,
  } as const
  const multiply = compileRows(context, shape)
  const epilogue = compileEpilogue(context, kernel, blocks)

  const imageBytes = (window.channel * kernel.inChannels + 2 * tileColumns) * float
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end, tableAt] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const writer = new Writer(f)
  const imageAt = writer.keep(plus(tableAt, i32.const(depth * float)))
  const sums = writer.keep(plus(imageAt, i32.const(imageBytes)))
  const packed = writer.keep(plus(sums, i32.const(outChannels * blocks.sumRow * float)))
  const clear = (w: Writer): void => w.add(memoryFill(imageAt, i32.const(0), i32.const(imageBytes)))
  table(writer, args, tableAt, [])
  clear(writer)
  writer.loop(begin, end, 1, (unit, w) => {
    const outputBlock = w.keep(i32.remU(unit, i32.const(blocks.count)))
    const rest = w.keep(i32.divU(unit, i32.const(blocks.count)))
    const point = w.keep(i32.remU(rest, i32.const(batch)))
    const group = w.keep(i32.divU(rest, i32.const(batch)))
    const first = w.keep(times(outputBlock, blocks.outputs))
    const outputs = {
      start: first,
      end: w.keep(minimum(plus(first, i32.const(blocks.outputs)), i32.const(spatial[0]!.output))),
    }
    const isNewGroup = i32.eqz(i32.and(i32.ne(unit, begin), i32.ne(i32.remU(unit, i32.const(batch * blocks.count)), i32.const(0))))
    w.when(isNewGroup, (inside) => weights.pack(inside, args, packed, group))
    if (blocks.count > 1) clear(w)
    const [inputs, start] = inputsOf(w, blocks, imageAt, first)
    image(w, args, start, [oneOf(group), null, inputs, ...spatial.slice(1).map(() => null), oneOf(point)])

    const columns = plus(
      times(i32.sub(outputs.end, first), window.axes[0]!.position),
      i32.const(window.span - blocks.outputs * window.axes[0]!.position),
    )
    const columnTiles = w.keep(i32.divU(plus(columns, i32.const(tileColumns - 1)), i32.const(tileColumns)))
    const a = w.keep(weights.at(args, packed, group))
    const step = depth <= mostDepth ? depth : mostDepth / 2
    w.loop(i32.const(0), i32.const(depth), step, (k, ks) => {
      const count = ks.keep(minimum(i32.const(step), i32.sub(i32.const(depth), k)))
      ks.loop(i32.const(0), i32.const(outChannels), mostRows, (row, rows) => {
        const operands = {
          a: rows.keep(plus(a, times(k, weights.step), times(row, weights.row))),
          b: imageAt,
          c: rows.keep(plus(sums, times(row, blocks.sumRow * float))),
          columnTiles,
          count,
          add: k,
          tables: [plus(tableAt, times(k, float))],
        }
        const left = i32.sub(i32.const(outChannels), row)
        multiply(rows, operands, {
          count: rows.keep(minimum(left, i32.const(mostRows))),
          isLast: i32.leS(left, i32.const(mostRows)),
        })
      })
    })
    epilogue(w, args, sums, [oneOf(point), oneOf(group), null, outputs, ...spatial.slice(1).map(() => null)])
  })
  f.add(writer.code)
  const scratchBytes = depth * float + imageBytes + outChannels * blocks.sumRow * float + weights.scratchBytes
  return { f, extent: groups * batch * blocks.count, scratchBytes }
}

/** The positions of the first axis with inputs that a block of outputs reads, and where the image would begin that had all of them. */
function inputsOf(w: Writer, { window, count }: Blocks, image: I32, firstOutput: I32): readonly [{ start: I32; end: I32 }, I32] {
  const { first, end, positions, position } = window.axes[0]!
  if (count === 1) return [{ start: i32.const(0), end: i32.const(end - first) }, image]
  const within = (x: I32): I32 => {
    const counted = w.keep(i32.sub(x, i32.const(first)))
    const positive = w.keep(choose(i32.ltS(counted, i32.const(0)), i32.const(0), counted))
    return w.keep(minimum(positive, i32.const(end - first)))
  }
  const inputs = { start: within(firstOutput), end: within(plus(firstOutput, i32.const(positions))) }
  return [inputs, w.keep(i32.sub(image, times(firstOutput, position * float)))]
}

function compileEpilogue(context: ModuleContext, kernel: Convolution, { window, sumRow, count }: Blocks): PartCall {
  const axes = [
    { extent: kernel.batch, cut: true },
    { extent: kernel.groups, cut: true },
    { extent: kernel.outChannels, cut: false },
    ...kernel.spatial.map((axis, d) => ({
      extent: axis.output,
      cut: d === 0 && count > 1,
      scratch: window.axes[d]!.position,
    })),
  ]
  const length = kernel.outChannels * sumRow * count
  return compilePart(context, kernel, { dtype: 'float32', length }, axes, (pool, indices, sums) => {
    const [, , channel, ...outputs] = indices
    const sum = pool.load('float32', sums, pool.scaleAdd(channel!, sumRow, positionOf(pool, window, outputs)))
    return epilogueStages(pool, kernel.stores, indices, sum)
  })
}
