import { type Convolution, product, toLoops } from '@tenon/kernel'
import { compileLoops, type LoopFunction, type ModuleContext } from '../loops/compile.ts'
import { compileSpatialLanes } from './spatial-lanes.ts'
import { depthOf } from './weights.ts'

export function compileConvolution(context: ModuleContext, kernel: Convolution): LoopFunction | null {
  const outputs = product(kernel.spatial.map((axis) => axis.output))
  const work = kernel.batch * kernel.groups * kernel.outChannels * outputs * depthOf(kernel)
  if (kernel.dtype !== 'float32' || kernel.spatial.length === 0 || work < 4096) return compileLoops(context, toLoops(kernel))
  return compileSpatialLanes(context, kernel)
}
