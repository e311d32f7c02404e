/**
 * Convolution whose rows are outputs and whose columns are output channels: for few outputs of few images, such as the weight gradient of a first
 * layer with one input channel. A is the image, read at the distances of a table; the weights are packed as B.
 */
import { type Convolution, product } from '@tenon/kernel'
import type { I32 } from '../assembler/code.ts'
import { i32, memoryFill } from '../assembler/instructions.ts'
import { minimum, plus, times, Writer } from '../assembler/writer.ts'
import type { LoopFunction, ModuleContext } from '../loops/compile.ts'
import { compileBlockProduct, tileColumns, tileRows } from './block-product.ts'
import { evenBlocks } from './even-blocks.ts'
import { compilePart, epilogueStages, float, oneOf, type PartCall, storeTo, strided } from './part.ts'
import { tapsOf } from './weights.ts'
import { compileImage, compileTapTable, positionAt, type Window, windowOf } from './window.ts'

/** Elements of the packed weights of a block of channels, and of the sums. */
const mostElements = 65536
const mostDepth = 256
/** Outputs, each tile of which has code of its own. */
const mostOutputs = 64

export interface RowBlocks {
  readonly window: Window
  readonly outputs: readonly (readonly number[])[]
  readonly channels: number
  /** Images in a block, and blocks of them. */
  readonly images: number
  readonly count: number
  /** Tiles of columns in a block, and blocks of them: more than one only where the threads need them, for each prepares the images anew. */
  readonly tiles: number
  readonly tileBlocks: number
}

/** Null where this form does not fit. */
export function rowBlocks(kernel: Convolution, threads: number): RowBlocks | null {
  const extents = kernel.spatial.map((axis) => axis.output)
  const total = product(extents)
  if (total > mostOutputs || kernel.outChannels % tileColumns !== 0) return null
  const outputs = extents.reduce<number[][]>((all, extent) => all.flatMap((o) => Array.from({ length: extent }, (_, i) => [...o, i])), [[]])
  const channels = Math.max(1, Math.min(kernel.inChannels, Math.floor(mostElements / (tapsOf(kernel) * kernel.outChannels))))
  const most = Math.max(1, Math.min(kernel.batch, Math.floor(mostElements / (total * kernel.outChannels))))
  const blocks = evenBlocks(Math.ceil(kernel.batch / most), kernel.batch, kernel.groups, threads)
  const images = Math.ceil(kernel.batch / blocks)
  const count = Math.ceil(kernel.batch / images)
  const allTiles = kernel.outChannels / tileColumns
  const tiles = Math.ceil(allTiles / evenBlocks(1, allTiles, kernel.groups * count, threads))
  return { window: windowOf(kernel, 1), outputs, channels, images, count, tiles, tileBlocks: Math.ceil(allTiles / tiles) }
}

export function compileOutputRows(context: ModuleContext, kernel: Convolution, blocks: RowBlocks): LoopFunction {
  const { batch, groups, inChannels, outChannels, spatial } = kernel
  const { window, channels, outputs } = blocks
  const taps = tapsOf(kernel)
  const rowBytes = outChannels * float
  const table = compileTapTable(context, kernel, window, channels)
  const image = compileImage(context, kernel, window, { channels: channels < inChannels, rows: false })
  const pack = compilePacking(context, kernel, blocks)
  const epilogue = compileEpilogue(context, kernel, blocks)
  const bTile = channels * taps * tileColumns * float
  const products = Array.from({ length: Math.ceil(outputs.length / tileRows) }, (_, t) => {
    const aRows = outputs.slice(t * tileRows, (t + 1) * tileRows).map((o) => positionAt(window, o) * float)
    return compileBlockProduct(context, { aRows, aTile: 0, aStep: 'table', bStep: tileColumns * float, bTile, cRow: rowBytes })
  })

  const tableBytes = channels * taps * float
  const imageBytes = channels * window.channel * float
  const sumBytes = blocks.images * outputs.length * rowBytes
  const f = context.module.function(['i32', 'i32', 'i32', 'i32'], 'none')
  const [args, begin, end, tableAt] = [0, 1, 2, 3].map((i) => f.param(i, 'i32').get) as [I32, I32, I32, I32]
  const writer = new Writer(f)
  const imageAt = writer.keep(plus(tableAt, i32.const(tableBytes)))
  const sums = writer.keep(plus(imageAt, i32.const(imageBytes)))
  const packed = writer.keep(plus(sums, i32.const(sumBytes)))
  table(writer, args, tableAt, [])
  writer.add(memoryFill(imageAt, i32.const(0), i32.const(imageBytes)))
  writer.loop(begin, end, 1, (unit, w) => {
    const group = w.keep(i32.divU(unit, i32.const(blocks.count * blocks.tileBlocks)))
    const first = w.keep(times(i32.remU(i32.divU(unit, i32.const(blocks.tileBlocks)), i32.const(blocks.count)), blocks.images))
    const firstTile = w.keep(times(i32.remU(unit, i32.const(blocks.tileBlocks)), blocks.tiles))
    const tiles = {
      start: firstTile,
      end: w.keep(minimum(plus(firstTile, i32.const(blocks.tiles)), i32.const(outChannels / tileColumns))),
    }
    const images = { start: first, end: w.keep(minimum(plus(first, i32.const(blocks.images)), i32.const(batch))) }
    w.loop(i32.const(0), i32.const(inChannels), channels, (channel, inside) => {
      const span = { start: channel, end: inside.keep(minimum(plus(channel, i32.const(channels)), i32.const(inChannels))) }
      const depth = inside.keep(times(i32.sub(span.end, channel), taps))
      pack(inside, args, packed, [oneOf(group), tiles, span, ...spatial.map(() => null), null])
      inside.loop(images.start, images.end, 1, (point, one) => {
        image(one, args, imageAt, [oneOf(group), span, ...spatial.map(() => null), oneOf(point)])
        const c = one.keep(plus(sums, times(i32.sub(point, images.start), outputs.length * rowBytes)))
        one.loop(i32.const(0), depth, Math.min(mostDepth, channels * taps), (k, ks) => {
          const b = ks.keep(plus(packed, times(k, tileColumns * float)))
          const count = ks.keep(minimum(i32.const(mostDepth), i32.sub(depth, k)))
          const rest = [i32.sub(tiles.end, tiles.start), count, i32.or(channel, k)]
          const aTable = ks.keep(plus(tableAt, times(k, float)))
          products.forEach((multiply, t) =>
            ks.add(multiply.call(imageAt, b, plus(c, i32.const(t * tileRows * rowBytes)), i32.const(1), ...rest, aTable)),
          )
        })
      })
    })
    const columns = { start: times(tiles.start, tileColumns), end: times(tiles.end, tileColumns) }
    epilogue(w, args, sums, [images, oneOf(group), columns, ...spatial.map(() => null)])
  })
  f.add(writer.code)
  const packedBytes = channels * taps * outChannels * float
  return { f, extent: groups * blocks.count * blocks.tileBlocks, scratchBytes: tableBytes + imageBytes + sumBytes + packedBytes }
}

/** The weights of a block of channels: packed[tile][k][8]. Spans: group, tiles, channels, taps, lanes. */
function compilePacking(context: ModuleContext, kernel: Convolution, { channels, tileBlocks }: RowBlocks): PartCall {
  const { w, groups, outChannels, inChannels, spatial } = kernel
  const taps = spatial.map((axis) => axis.kernel)
  const channelSize = product(taps) * tileColumns
  const axes = [
    { extent: groups, cut: true },
    { extent: outChannels / tileColumns, cut: tileBlocks > 1, scratch: channels * channelSize },
    { extent: inChannels, cut: channels < inChannels, scratch: channelSize },
    ...[...taps, tileColumns].map((extent) => ({ extent, cut: false })),
  ]
  const length = outChannels * inChannels * product(taps)
  return compilePart(context, kernel, { dtype: 'float32', length }, axes, (pool, [group, tile, channel, ...rest], packed) => {
    const lane = rest.at(-1)!
    const tap = rest.slice(0, -1)
    const out = pool.scaleAdd(tile!, tileColumns, lane)
    const value = pool.load(
      'float32',
      w.buffer,
      strided(pool, w.offset, [w.group, w.out, w.in, ...w.spatial], [group!, out, channel!, ...tap]),
    )
    const number = tap.reduce((sum, t, d) => pool.scaleAdd(sum, taps[d]!, t), pool.int(0))
    return [
      storeTo(packed, strided(pool, 0, [channels * channelSize, channelSize, tileColumns, 1], [tile!, channel!, number, lane]), value),
    ]
  })
}

function compileEpilogue(context: ModuleContext, kernel: Convolution, { outputs: points, tileBlocks }: RowBlocks): PartCall {
  const { batch, groups, outChannels, spatial } = kernel
  const outputs = points.length
  const axes = [
    { extent: batch, cut: true, scratch: outputs * outChannels },
    { extent: groups, cut: true },
    { extent: outChannels, cut: tileBlocks > 1, scratch: 1 },
    ...spatial.map((axis) => ({ extent: axis.output, cut: false })),
  ]
  return compilePart(context, kernel, { dtype: 'float32', length: batch * outputs * outChannels }, axes, (pool, indices, sums) => {
    const [point, , channel, ...position] = indices
    const number = position.reduce((sum, o, d) => pool.scaleAdd(sum, spatial[d]!.output, o), pool.int(0))
    const index = strided(pool, 0, [outputs * outChannels, outChannels, 1], [point!, number, channel!])
    return epilogueStages(pool, kernel.stores, indices, pool.load('float32', sums, index))
  })
}
