/**
 * Convolutions as products of blocks. Forward passes and both gradients arrive as the same kernel with other strides and extents, and differ in what there is
 * much of: outputs of an image, images, or neither. The form with the least work is taken, for each phase of a dilated input by itself.
 */
import { type Convolution, product, toLoops } from '@tenon/kernel'
import { compileLoops, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { batchBlocks, compileBatchLanes } from './batch-lanes.ts'
import { tileColumns, tileRows } from './block-product.ts'
import { compileInTurn } from './in-turn.ts'
import { splitByPhase } from './input-phases.ts'
import { compileOutputRows, rowBlocks } from './output-rows.ts'
import { roundUp } from './round-up.ts'
import { compileSpatialLanes, spatialBlocks } from './spatial-lanes.ts'
import { tapsOf } from './weights.ts'

interface Form {
  readonly cost: number
  compile(): LoopFunction
}

export function compileConvolution(context: ModuleContext, kernel: Convolution): LoopFunction | null {
  const compile = (phase: Convolution): LoopFunction | null =>
    isLarge(phase) ? compileProduct(context, phase) : compileLoops(context, toLoops(phase))
  return isLarge(kernel) ? compileInTurn(context, splitByPhase(kernel).map(compile)) : compile(kernel)
}

function isLarge(kernel: Convolution): boolean {
  const outputs = product(kernel.spatial.map((axis) => axis.output))
  const work = kernel.batch * kernel.groups * kernel.outChannels * outputs * kernel.inChannels * tapsOf(kernel)
  return kernel.dtype === 'float32' && kernel.spatial.length > 0 && work >= 4096
}

function compileProduct(context: ModuleContext, kernel: Convolution): LoopFunction {
  const forms = [spatialForm(context, kernel), batchForm(context, kernel), rowForm(context, kernel)]
  return forms.reduce((best, form) => (form.cost < best.cost ? form : best)).compile()
}

/** Instructions to multiply, for one group; a tile costs as much as a dozen k before and after its own. */
const multiplying = (rows: number, columns: number, depth: number, products = 1): number => (rows * columns * (depth + 12 * products)) / 8

function spatialForm(context: ModuleContext, kernel: Convolution): Form {
  const { window, count, sumRow } = spatialBlocks(kernel, context.threads)
  const image = kernel.inChannels * window.channel
  const sums = kernel.outChannels * sumRow
  const cost =
    kernel.batch * count * (multiplying(kernel.outChannels, sumRow, kernel.inChannels * tapsOf(kernel)) + 0.7 * image + 0.6 * sums)
  return { cost, compile: () => compileSpatialLanes(context, kernel) }
}

function batchForm(context: ModuleContext, kernel: Convolution): Form {
  const { window, channels, count } = batchBlocks(kernel, context.threads)
  const { inChannels, outChannels, batch } = kernel
  const outputs = product(kernel.spatial.map((axis) => axis.output))
  const columns = roundUp(batch, tileColumns) * outputs
  const image = inChannels * window.channel * count
  const taps = tapsOf(kernel)
  const products = Math.ceil(inChannels / channels) * Math.ceil((channels * taps) / 256)
  const cost = multiplying(outChannels, columns, inChannels * taps, products) + 1.5 * image + 1.5 * outChannels * columns
  return { cost, compile: () => compileBatchLanes(context, kernel) }
}

function rowForm(context: ModuleContext, kernel: Convolution): Form {
  const blocks = rowBlocks(kernel, context.threads)
  if (!blocks) return { cost: Infinity, compile: () => compileSpatialLanes(context, kernel) }
  const { inChannels, outChannels, batch } = kernel
  const taps = tapsOf(kernel)
  const rows = roundUp(blocks.outputs.length, tileRows) * batch
  const packing = 1.5 * outChannels * inChannels * taps * blocks.count
  const image = 0.7 * inChannels * blocks.window.channel * batch
  const products = Math.ceil(inChannels / blocks.channels) * Math.ceil((blocks.channels * taps) / 256)
  const cost = multiplying(rows, outChannels, inChannels * taps, products) + packing + image + 1.5 * outChannels * rows
  return { cost, compile: () => compileOutputRows(context, kernel, blocks) }
}
