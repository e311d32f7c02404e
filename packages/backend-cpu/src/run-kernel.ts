import { type DType, dtypes, type Kernel, programOf, type TypedArray } from '@tenon/kernel'
import { cpu } from './cpu.ts'

export function typed(dtype: DType, values: readonly number[]): TypedArray {
  const array = new dtypes[dtype].array(values.length)
  array.set(values)
  return array
}

/** Runs one kernel on numbers, and gives the content of one of its buffers. For tests. */
export function runKernel(
  kernel: Kernel,
  contents: readonly (readonly number[])[],
  scalars: readonly number[] = [],
  result = 0,
): TypedArray {
  const backend = cpu()
  const buffers = kernel.buffers.map(({ dtype, length }, i) => {
    const buffer = backend.allocate(dtype, length)
    if (contents[i]?.length) backend.write(buffer, typed(dtype, contents[i]))
    return buffer
  })
  backend.execute(backend.compile(programOf(kernel)), buffers, scalars)
  return backend.readSync!(buffers[result]!)
}
