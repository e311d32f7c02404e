/** Variables move between backends in place: models and optimizers go on elsewhere in the middle of a run. */
import { type Backend, BackendError, type BufferHandle, type TypedArray, UnsupportedError } from '@tenon/kernel'
import { capture } from './capture.ts'
import { JitError, StaleTensorError } from './errors.ts'
import { invalidateJit } from './jit.ts'
import { hostNode } from './node.ts'
import { readNode, realizeNodes } from './runtime.ts'
import { Tensor } from './tensor.ts'
import type { Variable } from './variable.ts'
import { advance, readOf } from './variable-state.ts'

const nameOf = ({ name }: Variable): string => name ?? 'a variable'

/**
 * Moves the values of variables, and their gradients, to another backend; the variables stay the same objects, and what they had elsewhere is
 * freed. Pending assigns run first, and values that were kept are computed; what else was computed from them and not read is stale afterwards.
 * All of them move, or none does.
 *
 * @throws UnsupportedError if the backend lacks the dtype of one, BackendError if it has no room for them, or if a step ran meanwhile
 * @throws JitError inside of a jitted function
 */
export async function moveVariables(variables: Iterable<Variable>, backend: Backend): Promise<void> {
  if (capture.active) throw new JitError('Variables were moved inside of a jitted function, which runs once; move them between calls')
  const moving = [...new Set(variables)].filter(({ state }) => state.backend !== backend)
  if (moving.length === 0) return
  const { dtypes } = backend.capabilities
  const unfit = moving.find(({ dtype }) => !dtypes.includes(dtype))
  if (unfit)
    throw new UnsupportedError(
      `${nameOf(unfit)} is ${unfit.dtype}, and ${backend.name} has only ${dtypes.join(', ')}; it cannot move there`,
    )
  realizeNodes([])
  const before = moving.map(({ state, grad }) => ({ version: state.latest, grad }))
  const values = await Promise.all(moving.map(({ state }) => readNode(readOf(state))))
  const grads = await Promise.all(before.map(({ grad }) => movedGrad(grad, backend)))
  const changed = moving.find(({ state, grad }, i) => state.latest !== before[i]!.version || grad !== before[i]!.grad)
  if (changed)
    throw new BackendError(`${nameOf(changed)} changed while it was moving to ${backend.name}; await the move before the next step`)
  const buffers = place(moving, values, backend)
  for (const [i, variable] of moving.entries()) {
    const { memory } = variable.state
    memory.backend.free(memory.buffer!)
    Object.assign(memory, { backend, buffer: buffers[i] })
    advance(variable.state) // reads of it so far are of what lay elsewhere
    variable.grad = grads[i]!
  }
  invalidateJit()
}

function place(variables: readonly Variable[], values: readonly TypedArray[], backend: Backend): BufferHandle[] {
  const buffers: BufferHandle[] = []
  try {
    for (const [i, { dtype, size }] of variables.entries()) {
      buffers.push(backend.allocate(dtype, size))
      backend.write(buffers[i]!, values[i]!)
    }
  } catch (reason) {
    for (const buffer of buffers) backend.free(buffer)
    throw reason
  }
  return buffers
}

/** A gradient that a step has left behind, and that another one dropped, stays as it is: who reads it is told so. */
async function movedGrad(grad: Tensor | null, backend: Backend): Promise<Tensor | null> {
  if (!grad || grad.node.backend === backend) return grad
  try {
    return new Tensor(hostNode(await grad.data(), grad.shape, grad.dtype, backend))
  } catch (reason) {
    if (reason instanceof StaleTensorError) return grad
    throw reason
  }
}
