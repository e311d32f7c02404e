/** What the runtime knows of a Variable: its committed value, and the assigns that wait for the next run. */
import type { Backend, BufferHandle, DType } from '@tenon/kernel'
import { capture } from './capture.ts'
import { JitError } from './errors.ts'
import { Node } from './node.ts'
import type { Shape } from './shape.ts'
import type { Variable } from './variable.ts'

export interface VariableMemory {
  backend: Backend
  buffer: BufferHandle | null
}

export interface VariableState {
  /** Whose state this is. */
  readonly variable: Variable
  readonly shape: Shape
  readonly dtype: DType
  /** That of its memory: it changes when the variable moves. */
  readonly backend: Backend
  name: string | null
  requiresGrad: boolean
  /** Holds version `committed`; without a buffer before the first run. Its own object, so that it can outlive this one. */
  readonly memory: VariableMemory
  committed: number
  /** Version of the last assign; those after `committed` are pending, by version. */
  latest: number
  readonly pending: Map<number, Node>
  /** The node of a read of version `latest`. */
  read: Node
}

/** Variables with assigns that have not run, in program order of their first one. */
export const pendingVariables: Set<VariableState> = new Set()

export function createState(variable: Variable, shape: Shape, dtype: DType, backend: Backend, name: string | null): VariableState {
  const memory: VariableMemory = { backend, buffer: null }
  const state = {
    variable,
    shape,
    dtype,
    get backend() {
      return memory.backend
    },
    name,
    requiresGrad: false,
    memory,
    committed: 0,
    latest: 0,
    pending: new Map(),
  } as unknown as VariableState
  state.read = readNode(state)
  return state
}

const readNode = (state: VariableState, version: number = state.latest): Node =>
  new Node('variable', [], { state, version }, state.shape, state.dtype, state.backend)

/** Records an assign; reads from now on see `value`. */
export function recordAssign(state: VariableState, value: Node): void {
  if (capture.inBody) {
    throw new JitError(
      `The body of a scan assigns ${state.name ? `"${state.name}"` : 'a variable'} (a random number does so too), which would happen once and not at each step. ` +
        'Let the body return the value, and assign what scan gives; draw random numbers before, as one of its xs.',
    )
  }
  state.latest += 1
  state.pending.set(state.latest, value)
  state.read = readNode(state)
  pendingVariables.add(state)
}

/** The pending assigns ran: `latest` is what the buffer holds. */
export function commit(state: VariableState): void {
  state.committed = state.latest
  state.pending.clear()
  pendingVariables.delete(state)
}

/** Forgets the assigns that are pending. Their version numbers are not used again, so that what read them is stale. */
export function rollback(state: VariableState): void {
  state.pending.clear()
  state.read = readNode(state, state.committed)
  pendingVariables.delete(state)
}

/** The memory holds a new value, which no assign wrote: a captured program did, or it lies on another backend now. */
export function advance(state: VariableState): void {
  state.latest += 1
  state.read = readNode(state)
  commit(state)
}
