/** What the runtime knows of a Variable: its committed value, and the assigns that wait for the next run. */
import type { Backend, BufferHandle, DType } from '@tenon/kernel'
import { capture } from './capture.ts'
import { JitError } from './errors.ts'
import { checkOwn, Node, noInputs } from './node.ts'
import type { Shape } from './shape.ts'
import type { Tensor } from './tensor.ts'
import type { Variable } from './variable.ts'

export interface VariableMemory {
  backend: Backend
  buffer: BufferHandle | null
}

export class VariableState {
  /** Whose state this is. */
  readonly variable: Variable
  readonly shape: Shape
  readonly dtype: DType
  name: string | null
  requiresGrad = false
  /** Holds version `committed`; without a buffer before the first run. Its own object, so that it can outlive this one. */
  readonly memory: VariableMemory
  committed = 0
  /** Version of the last assign, and of the last of `pending`. */
  latest = 0
  /** The values of assigns that have not run, one a version. */
  readonly pending: Node[] = []
  /** The node of a read of version `latest`, once there is one. */
  read: Node | null = null

  constructor(variable: Variable, { shape, dtype }: Tensor, backend: Backend, name: string | null) {
    this.variable = variable
    this.shape = shape
    this.dtype = dtype
    this.name = name
    this.memory = { backend, buffer: null }
  }

  /** That of its memory: it changes when the variable moves. */
  get backend(): Backend {
    return this.memory.backend
  }
}

/** Variables with assigns that have not run, in program order of their first one. */
export const pendingVariables: VariableState[] = []

function forgetSettled(): void {
  const left = pendingVariables.filter(({ pending }) => pending.length > 0)
  pendingVariables.splice(0, Infinity, ...left)
}

/** A read of the newest version. Most of a captured step's variables are never read outside of it. */
export function readOf(state: VariableState): Node {
  state.read ??= new Node('variable', noInputs, { state, version: state.latest }, state.shape, state.dtype, state.backend)
  return state.read
}

/** Records an assign; reads from now on see `value`. */
export function recordAssign(state: VariableState, value: Node): void {
  if (capture.inBody) {
    throw new JitError(
      `The body of a scan assigns ${state.name ? `"${state.name}"` : 'a variable'} (a random number does so too), which would happen once and not at each step. ` +
        'Let the body return the value, and assign what scan gives; draw random numbers before, as one of its xs.',
    )
  }
  checkOwn(value)
  state.latest += 1
  if (state.pending.push(value) === 1) pendingVariables.push(state)
  state.read = null
}

/** What a pending assign gave this version. */
export const pendingValue = ({ pending, latest }: VariableState, version: number): Node | undefined =>
  pending[pending.length - 1 - (latest - version)]

/** The pending assigns ran: `latest` is what the buffer holds. */
export function commit(states: readonly VariableState[]): void {
  for (const state of states) {
    state.committed = state.latest
    state.pending.length = 0
  }
  forgetSettled()
}

/** Forgets the assigns that are pending. Their version numbers are not used again, so that what read them is stale. */
export function rollback(states: readonly VariableState[]): void {
  for (const state of states) {
    state.pending.length = 0
    state.read = new Node('variable', noInputs, { state, version: state.committed }, state.shape, state.dtype, state.backend)
  }
  forgetSettled()
}

/** The memory holds a new value, which no assign wrote: a captured program did, or it lies on another backend now. */
export function advance(state: VariableState): void {
  state.committed = state.latest += 1
  state.read = null
}
