/**
 * Convolution whose columns are images: for outputs too few, or rows too short, to fill vectors. That is the weight gradient above all, which
 * arrives as a convolution with the channels as images, a handful of outputs, and the whole picture as its kernel. The image is stored with the
 * images as its innermost axis, one block of channels after the other, and each output is a product of its own.
 */
import { type Convolution, product } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32, memoryFill } from '../assembler/instructions.ts'
import { minimum, plus, times, Writer } from '../assembler/writer.ts'
import type { LoopFunction, ModuleContext } from '../loops/compile.ts'
import { tileColumns } from './block-product.ts'
import { evenBlocks } from './even-blocks.ts'
import { compilePart, epilogueStages, float, oneOf, type PartCall } from './part.ts'
import { roundUp } from './round-up.ts'
import { compileRows } from './row-tiles.ts'
import { tapsOf, uniformStep, weightsOf } from './weights.ts'
import { compileImage, compileTapTable, type Window, windowOf } from './window.ts'

/** Elements of a block's image, and of its sums, and most of k at once. */
const mostElements = 131072
const mostDepth = 256

export interface BatchBlocks {
  readonly window: Window
  /** Channels in a block of k. */
  readonly channels: number
  /** Whether the weights are read one channel at a time, because the taps of the next do not follow. */
  readonly apart: boolean
  /** Blocks of images, `window.lanes` in each. */
  readonly count: number
}

export function batchBlocks(kernel: Convolution, threads: number): BatchBlocks {
  const { batch, groups, inChannels, outChannels, spatial } = kernel
  const outputs = product(spatial.map((axis) => axis.output))
  const fitting = Math.floor(mostElements / (outputs * outChannels) / tileColumns) * tileColumns
  const fewest = Math.ceil(batch / Math.max(tileColumns, Math.min(64, fitting)))
  const blocks = evenBlocks(fewest, Math.ceil(batch / tileColumns), groups, threads)
  const lanes = roundUp(Math.ceil(batch / blocks), tileColumns)
  const window = windowOf(kernel, lanes)
  const taps = tapsOf(kernel)
  const apart = taps >= 64 && uniformStep(kernel) === null && uniformStep({ ...kernel, inChannels: 1 }) !== null
  const channels = apart ? 1 : Math.max(1, Math.min(inChannels, Math.ceil(mostDepth / taps), Math.floor(mostElements / window.channel)))
  return { window, channels, apart, count: Math.ceil(batch / lanes) }
}

export function compileBatchLanes(context: ModuleContext, kernel: Convolution): LoopFunction {
  const { batch, groups, inChannels, outChannels, spatial } = kernel
  const blocks = batchBlocks(kernel, context.threads)
  const { window, channels } = blocks
  const taps = tapsOf(kernel)
  const weights = weightsOf(context, kernel, blocks.apart)
  const table = compileTapTable(context, kernel, window, channels)
  const image = compileImage(context, kernel, window, { channels: channels < inChannels, rows: false })
  const rowBytes = window.lanes * float
  const multiply = compileRows(context, {
    rows: outChannels,
    aRow: weights.row,
    aStep: weights.step,
    bStep: 'table',
    bTile: tileColumns * float,
    cRow: rowBytes,
  })
  const epilogue = compileEpilogue(context, kernel, blocks)

  const outputs = product(spatial.map((axis) => axis.output))
  const tableBytes = channels * taps * float
  const imageBytes = channels * window.channel * float
  const sumBytes = outputs * outChannels * rowBytes
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end, tableAt] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const writer = new Writer(f)
  const imageAt = writer.keep(plus(tableAt, i32.const(tableBytes)))
  const sums = writer.keep(plus(imageAt, i32.const(imageBytes)))
  const packed = writer.keep(plus(sums, i32.const(sumBytes)))
  table(writer, args, tableAt, [])
  writer.add(memoryFill(imageAt, i32.const(0), i32.const(imageBytes)))
  writer.loop(begin, end, 1, (unit, w) => {
    const group = w.keep(i32.divU(unit, i32.const(blocks.count)))
    const first = w.keep(times(i32.remU(unit, i32.const(blocks.count)), window.lanes))
    const images = { start: first, end: w.keep(minimum(plus(first, i32.const(window.lanes)), i32.const(batch))) }
    const columnTiles = w.keep(i32.divU(plus(i32.sub(images.end, first), i32.const(tileColumns - 1)), i32.const(tileColumns)))
    weights.pack(w, args, packed, group)
    const a = w.keep(weights.at(args, packed, group))
    w.loop(i32.const(0), i32.const(inChannels), channels, (channel, inside) => {
      const channelEnd = inside.keep(minimum(plus(channel, i32.const(channels)), i32.const(inChannels)))
      image(inside, args, imageAt, [oneOf(group), { start: channel, end: channelEnd }, ...spatial.map(() => null), images])
      const depth = inside.keep(times(i32.sub(channelEnd, channel), taps))
      const step = Math.min(channels * taps, mostDepth)
      inside.loop(i32.const(0), depth, step, (k, ks) => {
        const common = {
          a: ks.keep(plus(a, times(channel, weights.channel), times(k, weights.step))),
          columnTiles,
          count: ks.keep(minimum(i32.const(step), i32.sub(depth, k))),
          add: ks.keep(i32.or(channel, k)),
          tables: [ks.keep(plus(tableAt, times(k, float)))],
        }
        eachOutput(ks, window, (at, position, number) => {
          multiply(at, { ...common, b: at.keep(plus(imageAt, position)), c: at.keep(plus(sums, times(number, outChannels * rowBytes))) })
        })
      })
    })
    epilogue(w, args, sums, [images, oneOf(group), null, ...spatial.map(() => null)])
  })
  f.add(writer.code)
  return { f, extent: groups * blocks.count, scratchBytes: tableBytes + imageBytes + sumBytes + weights.scratchBytes }
}

/** Loops over the outputs, with where each begins in the image, in bytes, and its row-major number. */
function eachOutput(w: Writer, window: Window, body: (w: Writer, position: I32, number: I32) => void): void {
  const open = (outer: Writer, d: number, position: I32, number: I32): void => {
    const a = window.axes[d]
    if (!a) {
      body(outer, position, number)
      return
    }
    const { output } = a.axis
    outer.loop(i32.const(0), i32.const(output), 1, (o, inner) => {
      open(inner, d + 1, inner.keep(plus(position, times(o, a.position * float))), inner.keep(plus(times(number, output), o)))
    })
  }
  open(w, 0, i32.const(0), i32.const(0))
}

function compileEpilogue(context: ModuleContext, kernel: Convolution, { window }: BatchBlocks): PartCall {
  const outputs = kernel.spatial.map((axis) => axis.output)
  const axes = [
    { extent: kernel.batch, cut: true, scratch: 1 },
    { extent: kernel.groups, cut: true },
    ...[kernel.outChannels, ...outputs].map((extent) => ({ extent, cut: false })),
  ]
  const length = product(outputs) * kernel.outChannels * window.lanes
  return compilePart(context, kernel, { dtype: 'float32', length }, axes, (pool, indices, sums) => {
    const [lane, , channel, ...position] = indices
    const number = position.reduce((sum, o, d) => pool.scaleAdd(sum, outputs[d]!, o), pool.int(0))
    const row = pool.scaleAdd(number, kernel.outChannels, channel!)
    return epilogueStages(pool, kernel.stores, indices, pool.load('float32', sums, pool.scaleAdd(row, window.lanes, lane!)))
  })
}
