/**
 * Plain JavaScript over typed arrays: an allocator, and a function that compiles one kernel. `kernelBackend` makes a backend of the two.
 * For another device, typed arrays become its memory, and the closures of expressions.ts its code.
 */
import {
  type Backend,
  type CompiledKernel,
  dtypes,
  type Kernel,
  kernelBackend,
  reads,
  type TypedArray,
  toLoops,
  writes,
} from '@tenon/kernel'
import { type Frame, newFrame } from './expressions.ts'
import { compileLines, compileLoop, compileScatter } from './kernels.ts'

export function myBackend(): Backend {
  return kernelBackend<TypedArray>({
    name: 'my-backend',
    capabilities: {
      dtypes: ['float32', 'float64', 'int32', 'uint32', 'bool'],
      threads: 1,
      maxStores: Infinity,
      maxInputs: Infinity,
      maxLoop: Infinity,
      maxLength: 2 ** 31 - 1,
    },
    allocate: (dtype, length) => new dtypes[dtype].array(length),
    free: () => {}, // the garbage collector's work
    write: (memory, data) => memory.set(data),
    read: async (memory) => memory.slice(),
    readSync: (memory) => memory.slice(),
    compileKernel,
  })
}

function compileKernel(kernel: Kernel): CompiledKernel<TypedArray> {
  const frame = newFrame()
  const run = compile(kernel, frame)
  const [read, written] = [reads(kernel), [...writes(kernel)]]
  return (buffers, scalars) => {
    frame.scalars = scalars
    frame.buffers = buffers
    // Loads see memory as it was before the kernel, and an input may be an output too.
    frame.before = buffers.map((memory, i) => (read.has(i) && written.some((w) => buffers[w] === memory) ? memory.slice() : memory))
    run()
    frame.buffers = frame.before = [] // compiled kernels are kept, memory is not
  }
}

/** Products of matrices and convolutions run as loops. A backend that has something better takes them as they are. */
function compile(kernel: Kernel, frame: Frame): () => void {
  switch (kernel.kind) {
    case 'loop':
      return compileLoop(kernel, frame)
    case 'contraction':
    case 'convolution':
      return compileLoop(toLoops(kernel), frame)
    case 'scatter':
      return compileScatter(kernel, frame)
    case 'prefixScan':
    case 'sort':
      return compileLines(kernel, frame)
  }
}
