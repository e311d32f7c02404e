import {
  type Arena,
  type Backend,
  type Capabilities,
  type CompiledKernel,
  dtypes,
  isFloat,
  type Kernel,
  kernelBackend,
  type TypedArray,
  toLoops,
} from '@tenon/kernel'
import { type Frame, newFrame } from './blocks.ts'
import { compileContraction } from './contraction.ts'
import { compileConvolution } from './convolution.ts'
import { compileLines } from './lines.ts'
import { compileLoop } from './loop-kernel.ts'
import { compileScatter } from './scatter.ts'

const capabilities: Capabilities = {
  dtypes: ['float32', 'float64', 'int32', 'uint32', 'bool'],
  threads: 1,
  maxStores: Infinity,
  maxInputs: Infinity,
  maxLoop: Infinity,
  maxLength: 2 ** 31 - 1,
}

/**
 * The reference backend: plain loops over typed arrays on one thread, in double precision inside an operation, with no
 * code generation. It runs anywhere, has every dtype, and is what the other backends are held against.
 */
export function cpu(): Backend {
  return kernelBackend<TypedArray>({
    name: 'cpu',
    capabilities,
    allocate: (dtype, length) => new dtypes[dtype].array(length),
    free: () => {},
    write: (memory, data) => memory.set(data),
    read: async (memory) => memory.slice(),
    readSync: (memory) => memory.slice(),
    view: (memory, start, length) => memory.subarray(start, start + length),
    arena,
    compileKernel,
    details: () => ({ threads: 1 }),
  })
}

function arena(bytes: number): Arena<TypedArray> {
  const memory = new ArrayBuffer(bytes)
  return { at: (dtype, offset, length) => new dtypes[dtype].array(memory, offset, length), free: () => {} }
}

function compileKernel(kernel: Kernel): CompiledKernel<TypedArray> {
  const frame = newFrame()
  const run = compile(kernel, frame)
  return (buffers, scalars) => {
    frame.buffers = buffers
    frame.scalars = scalars
    run()
    frame.buffers = [] // a cached kernel keeps no memory alive
  }
}

function compile(kernel: Kernel, frame: Frame): () => void {
  switch (kernel.kind) {
    case 'loop':
      return compileLoop(kernel, frame)
    case 'contraction':
      return isFloat(kernel.dtype) ? compileContraction(kernel, frame) : compileLoop(toLoops(kernel), frame)
    case 'convolution':
      return isFloat(kernel.dtype) ? compileConvolution(kernel, frame) : compileLoop(toLoops(kernel), frame)
    case 'scatter':
      return compileScatter(kernel, frame)
    case 'prefixScan':
    case 'sort':
      return compileLines(kernel, frame)
  }
}
