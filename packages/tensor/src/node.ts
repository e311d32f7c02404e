/**
 * The lazy graph. A node says how a value is computed; it is immutable but for `storage`, which appears once somebody asked
 * for the value. Ids rise with creation, so that the order of ids is a topological order.
 */
import type { Backend, BufferHandle, Chain, DType, Link, TypedArray } from '@tenon/kernel'
import { BackendError } from '@tenon/kernel'
import { checkCaptures, strayTensor } from './copies.ts'
import type { Attrs, PrimitiveName } from './primitives.ts'
import { primitives } from './primitives.ts'
import { type Shape, sizeOf } from './shape.ts'
import type { VariableState } from './variable-state.ts'

/** `const`: one number. `host`: values that began as a typed array. `variable`: a read of one version. `input`: an argument of a jitted function. */
export type LeafName = 'const' | 'host' | 'variable' | 'input'
/** What a node may be: a primitive, or a leaf. */
export type NodeName = PrimitiveName | LeafName

/** What a node without inputs holds. */
export interface LeafAttrs {
  readonly const: { readonly value: number }
  readonly host: Record<string, never>
  readonly variable: { readonly state: VariableState; readonly version: number }
  readonly input: { readonly slot: number }
}

/** Where a value lies: in JavaScript's heap, in a backend's memory, or in both; or in neither, where it can be computed `again`. */
export class Storage implements Link<Storage> {
  host: TypedArray | null
  device: { readonly backend: Backend; readonly buffer: BufferHandle } | null = null
  /** Computes it once more, from what does not change. Null where that cannot be, or would keep more alive than it frees. */
  readonly again: (() => BufferHandle) | null
  readonly bytes: number
  /** A value that a step kept in passing: it goes with the next step, and its node keeps its recipe. */
  readonly passing: boolean
  /** Count of executions when a program last touched it. */
  lastUse = -1
  chain: Chain<Storage> | null = null
  previous: Storage | null = null
  next: Storage | null = null

  constructor(host: TypedArray | null, bytes: number, passing = false, again: (() => BufferHandle) | null = null) {
    this.host = host
    this.bytes = bytes
    this.passing = passing
    this.again = again
  }
}

/** One operation of the graph. A Tensor is a handle to it; only packages that change graphs, as autograd does, look at it. */
export class Node {
  readonly id: number = context.nextId++
  readonly op: NodeName
  readonly attrs: object
  readonly shape: Shape
  readonly size: number
  readonly dtype: DType
  /** The backend that it must run on, or null while it could run anywhere. */
  readonly backend: Backend | null
  /** Emptied when the value is there to stay: an array of losses holds no graphs. */
  inputs: readonly Node[]
  storage: Storage | null = null
  /** Longest chain of pending nodes below, itself included. */
  depth: number
  /** Wanted after the step that computes it (`markKept`). */
  kept = false
  /** What `backward` left in a variable, and whether it is still there: where a step has computed and used it, it goes with the next one. */
  gradient: 'current' | 'replaced' | null = null
  /** The last graph that it was gathered for, and its position there. */
  gathered = 0
  position = -1
  readonly transient: boolean = context.transient
  /** No gradient flows through a node made inside `noGrad`. */
  readonly tracked: boolean = context.tracking
  readonly path: string = context.path
  readonly stack: string | null = context.callSites ? (new Error().stack ?? null) : null

  constructor(op: NodeName, inputs: readonly Node[], attrs: object, shape: Shape, dtype: DType, backend: Backend | null) {
    checkCaptures()
    this.op = op
    this.inputs = inputs
    this.attrs = attrs
    this.shape = shape
    this.size = sizeOf(shape)
    this.dtype = dtype
    this.backend = backend
    let depth = 0
    for (const input of inputs) {
      checkOwn(input)
      if (!input.storage && input.depth > depth) depth = input.depth
    }
    this.depth = depth + 1
  }
}

/** Refuses what another copy of this package made: its ids and variables say nothing here. */
export function checkOwn(node: Node): void {
  if (!(node instanceof Node)) throw strayTensor()
}

/** What surrounds the creation of nodes. JavaScript runs one thing at a time, so this is one object. */
export const context = {
  nextId: 0,
  tracking: true,
  transient: false,
  callSites: false,
  path: '',
  /** Called with every new node; set while a function is captured, or by the guard of long chains. */
  onNode: null as ((node: Node) => void) | null,
}

type Setting = 'tracking' | 'transient' | 'path'

/** Runs `fn` with one setting of the context changed. */
export function withContext<K extends Setting, T>(key: K, value: (typeof context)[K], fn: () => T): T {
  const before = context[key]
  context[key] = value
  try {
    return fn()
  } finally {
    context[key] = before
  }
}

/** Records, for each node that is made from now on, the stack of the call that made it (what `detectAnomaly` shows). */
export function setCallSites(enabled: boolean): void {
  context.callSites = enabled
}

/** Runs `fn` as the module at `path`: errors and anomalies name it. */
export const moduleScope = <T>(path: string, fn: () => T): T => withContext('path', path, fn)

/** The backend of an op's inputs, which must agree. */
function commonBackend(op: string, inputs: readonly Node[]): Backend | null {
  let backend: Backend | null = null
  for (const input of inputs) {
    if (!input.backend || input.backend === backend) continue
    if (backend) {
      throw new BackendError(
        `${op}: its inputs lie on two backends, ${backend.name} and ${input.backend.name}; move one with x.to(backend)`,
      )
    }
    backend = input.backend
  }
  return backend
}

/** What a value is computed from: a custom gradient's other inputs are for the way back only. */
export const operands = (op: NodeName, inputs: readonly Node[]): readonly Node[] => (op === 'custom' ? inputs.slice(0, 1) : inputs)

/** A node of a primitive, its shape and dtype checked and inferred. */
export function makeNode<P extends PrimitiveName>(op: P, inputs: readonly Node[], attrs: Attrs<P>): Node {
  const { shape, dtype } = primitives[op].infer(inputs, attrs)
  const node = new Node(op, inputs, attrs, shape, dtype, commonBackend(op, operands(op, inputs)))
  context.onNode?.(node)
  return node
}

export const noInputs: readonly Node[] = []
const noAttrs = {}

/** One number, in as many dimensions as what it is to be stretched to. */
export const constNode = (value: number, dtype: DType, ndim = 0): Node =>
  new Node('const', noInputs, { value }, new Array<number>(ndim).fill(1), dtype, null)

/** A leaf that is given its value by whoever makes it. */
export const valueNode = (shape: Shape, dtype: DType, backend: Backend | null): Node =>
  new Node('host', noInputs, noAttrs, shape, dtype, backend)

export function hostNode(data: TypedArray, shape: Shape, dtype: DType, backend: Backend | null = null): Node {
  const node = valueNode(shape, dtype, backend)
  node.storage = hostStorage(data)
  return node
}

export const hostStorage = (host: TypedArray): Storage => new Storage(host, host.byteLength)
