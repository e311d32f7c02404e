/**
 * `jit(fn)` runs `fn` once to see what it computes, assigns included, and from then on runs the program of it: later calls with arguments of
 * the same shapes skip even the building of the graph.
 */
import type { Backend, BufferHandle } from '@tenon/kernel'
import { currentBackend } from './backends.ts'
import { capture } from './capture.ts'
import { JitError } from './errors.ts'
import { gather, isLeaf } from './graph.ts'
import { context, hostNode, type LeafAttrs, Node, valueNode } from './node.ts'
import { type Compiled, compile, launch, ownNode, readNodeSync, realizeNodes, replay, scalarsOf } from './runtime.ts'
import { sameShape } from './shape.ts'
import { bytesOf, endRun, settle, settleEmpty } from './storage.ts'
import { isTensor, Tensor } from './tensor.ts'
import { isPlain, mapTensors } from './tree.ts'
import { gradHooks, Variable } from './variable.ts'
import { pendingVariables, rollback, type VariableState } from './variable-state.ts'

let epoch = 0

/** Makes every jitted function look again at what it computes: `train()`, `eval()` and freezing call it. */
export function invalidateJit(): void {
  epoch += 1
}

/** Whether a jitted function is being looked at: for what must not happen in one. */
export const isCapturing = (): boolean => capture.active

/** One captured program and how to bind it. */
interface Captured {
  /** What a call looks like that this is for: its arguments, with a node of its shape and dtype in place of each tensor. */
  readonly args: unknown
  readonly backend: Backend
  /** Null where the function computes nothing. */
  readonly compiled: Compiled | null
  readonly scalars: readonly number[]
  /** Its leaves by position. Inputs are bound anew at each call: arguments first, then gradients that were there before. */
  readonly leaves: readonly (Node | null)[]
  readonly variables: readonly VariableState[]
  /** What becomes of each result: part of the return value, or a gradient that the function leaves. */
  readonly results: readonly { readonly node: Node; readonly gradOf: Variable | null }[]
  /** With a tensor where the result of its slot goes. */
  readonly output: unknown
  /** Gradients that the function looks at, and whether there was one. */
  readonly gradsRead: readonly (readonly [Variable, boolean])[]
  readonly gradsCleared: readonly Variable[]
  /** How many of the results are computed: those with elements. */
  readonly computed: number
  /** Whether a call computes nothing but its results, of nothing but its arguments. */
  readonly isPure: boolean
}

const mostCaptures = 64

/**
 * Captures the program of a function of tensors: arguments and results may be tensors, or arrays and plain objects of them; other arguments
 * are part of what is captured. Variables that it assigns are assigned at each call. Results are fresh at each call.
 *
 * Throws a JitError when the function reads a value or is asynchronous. What depends on the step must be an argument or a Variable: a
 * number that the function picks up from outside keeps the value that it had when the function was captured.
 */
export function jit<Args extends unknown[], Result>(fn: (...args: Args) => Result): (...args: Args) => Result {
  /** The last one used comes first. */
  const captures: Captured[] = []
  let seen = epoch
  return (...args) => {
    if (capture.active || context.callSites) return fn(...args) // inside another jit, or with detectAnomaly looking at each op
    if (seen !== epoch) captures.length = 0
    seen = epoch
    const inputs: Node[] = []
    mapTensors(args, (t) => t instanceof Variable || inputs.push(t.node))
    realizeNodes(inputs)
    const backend = inputs.find((node) => node.backend !== null)?.backend ?? currentBackend()
    let at = 0
    while (at < captures.length && !isFor(captures[at]!, args, backend)) at += 1
    if (at > 0 || captures.length === 0) {
      captures.unshift(captures.splice(at, 1)[0] ?? captureCall(fn, args, backend))
      if (captures.length > mostCaptures) captures.pop()
    }
    return run(captures[0]!, inputs) as Result
  }
}

function isFor({ args, backend, gradsRead }: Captured, given: unknown, on: Backend): boolean {
  if (backend !== on || !isLike(args, given)) return false
  for (const [variable, had] of gradsRead) if ((variable.grad !== null) !== had) return false
  return true
}

/** Whether a call's arguments are those of another: the same structure, tensors that fit, and all else identical. */
function isLike(kind: unknown, value: unknown): boolean {
  if (kind instanceof Node)
    return isTensor(value) && !(value instanceof Variable) && value.dtype === kind.dtype && sameShape(value.shape, kind.shape)
  if (Array.isArray(kind)) return Array.isArray(value) && value.length === kind.length && kind.every((k, i) => isLike(k, value[i]))
  if (!isPlain(kind)) return Object.is(kind, value)
  if (!isPlain(value)) return false
  const [names, given] = [Object.keys(kind), Object.keys(value)]
  return names.length === given.length && names.every((name, i) => name === given[i] && isLike(kind[name], value[name]))
}

const slotOf = (node: Node): number => (node.attrs as LeafAttrs['input']).slot
const inputNode = (slot: number, like: Tensor, backend: Backend): Node => new Node('input', [], { slot }, like.shape, like.dtype, backend)

function captureCall<Args extends unknown[]>(fn: (...args: Args) => unknown, args: Args, backend: Backend): Captured {
  let slots = 0
  const placeholders = mapTensors(args, (t) => (t instanceof Variable ? t : new Tensor(inputNode(slots++, t, backend)))) as Args
  const gradsRead = new Map<Variable, Tensor | null>()
  /** With what was there before. */
  const gradsWritten = new Map<Variable, Tensor | null>()
  gradHooks.read = (variable, grad) => {
    if (gradsWritten.has(variable)) return grad
    if (!gradsRead.has(variable)) gradsRead.set(variable, grad && new Tensor(inputNode(slots++, grad, backend)))
    return gradsRead.get(variable)!
  }
  gradHooks.write = (variable, before) => {
    if (!gradsWritten.has(variable)) gradsWritten.set(variable, before)
  }
  capture.active = true
  try {
    const output = fn(...placeholders)
    if (output instanceof Promise)
      throw new JitError('jit takes a synchronous function; this one returned a promise. Read and await outside of it.')
    const like = mapTensors(args, (t) => (t instanceof Variable ? t : inputNode(-1, t, backend)))
    return record(like, output, backend, gradsRead, [...gradsWritten.keys()])
  } finally {
    capture.active = false
    gradHooks.read = gradHooks.write = null
    rollback(pendingVariables)
    // What was written into grad is a recipe of the capture; a run sets it to its result.
    for (const [variable, before] of gradsWritten) variable.grad = before
  }
}

function record(
  args: unknown,
  output: unknown,
  backend: Backend,
  gradsRead: ReadonlyMap<Variable, Tensor | null>,
  gradsWritten: readonly Variable[],
): Captured {
  const variables = [...pendingVariables]
  const taken = new Set<Node>()
  const results: { node: Node; gradOf: Variable | null }[] = []
  const template = mapTensors(output, (t) => {
    if (t instanceof Variable) return t
    results.push({ node: ownNode(t.node, taken), gradOf: null })
    return new Tensor(inputNode(results.length - 1, t, backend))
  })
  for (const variable of gradsWritten) {
    if (variable.grad) results.push({ node: ownNode(variable.grad.node, taken), gradOf: variable })
  }
  const assigned = variables.map((state) => ownNode(state.pending.at(-1)!, taken))
  const computed = results.filter(({ node }) => node.size > 0)
  const graph = gather([...computed.map(({ node }) => node), ...assigned])
  const requests = [
    ...computed.map(({ node }) => ({ position: graph.position(node), over: null })),
    ...assigned.map((node, i) => ({ position: graph.position(node), over: graph.leafOf(variables[i]!) })),
  ]
  const compiled = requests.length > 0 ? compile(backend, graph, requests, false) : null
  return {
    args,
    backend,
    compiled,
    scalars: compiled ? scalarsOf(compiled, graph) : [],
    leaves: graph.nodes.map((node) => (isLeaf(node) ? node : null)),
    variables,
    results,
    output: template,
    gradsRead: [...gradsRead].map(([variable, grad]) => [variable, grad !== null]),
    gradsCleared: gradsWritten.filter((variable) => !variable.grad),
    computed: computed.length,
    isPure: variables.length === 0 && results.every(({ gradOf }) => gradOf === null) && !graph.nodes.some(({ op }) => op === 'variable'),
  }
}

/** `inputs` are the arguments, to which this adds what else is bound at each call. */
function run(captured: Captured, inputs: Node[]): unknown {
  const { backend, compiled, scalars, leaves, variables, results } = captured
  for (const [variable, had] of captured.gradsRead) if (had) inputs.push(variable.grad!.node)
  for (let i = 0; i < inputs.length; i++) inputs[i] = stored(inputs[i]!)
  const leaf = (position: number): Node => {
    const node = leaves[position]!
    return node.op === 'input' ? inputs[slotOf(node)]! : node
  }
  const buffers = compiled ? replay(backend, compiled, inputs, leaf, scalars, variables, captured.computed) : []
  const least = captured.isPure ? leastRepeated(inputs) : Infinity
  let next = 0
  const tensors = results.map(({ node, gradOf }) => {
    const result = valueNode(node.shape, node.dtype, backend)
    if (gradOf) result.gradient = 'current'
    if (node.size === 0) {
      settleEmpty(result)
    } else {
      const at = next++
      settle(result, backend, buffers[at]!, gradOf !== null, least <= bytesOf(node) ? () => repeat(captured, leaf, at) : null)
    }
    return new Tensor(result)
  })
  if (compiled) endRun()
  for (const variable of captured.gradsCleared) variable.grad = null
  results.forEach(({ gradOf }, i) => {
    if (gradOf) gradOf.grad = tensors[i]!
  })
  return mapTensors(captured.output, (t) => (t instanceof Variable ? t : tensors[slotOf(t.node)]))
}

/** So many times its own bytes may a result keep alive, in the arguments that it can be computed from again, rather than be copied to the heap. */
const mostHeld = 4

/** The bytes from which on a result is worth that: none where an argument may itself be let go of. */
function leastRepeated(inputs: readonly Node[]): number {
  let bytes = 0
  for (const { storage } of inputs) bytes += storage!.again || storage!.passing ? Infinity : storage!.bytes
  return bytes / mostHeld
}

/** One result once more, of a function that is pure. */
function repeat({ backend, compiled, scalars }: Captured, leaf: (position: number) => Node, result: number): BufferHandle {
  const buffers = launch(backend, compiled!, leaf, scalars, () => null)
  for (const [i, buffer] of buffers.entries()) if (i !== result) backend.free(buffer)
  return buffers[result]!
}

/** An argument as a leaf that has memory. */
function stored(node: Node): Node {
  return node.storage ? node : hostNode(readNodeSync(node), node.shape, node.dtype, node.backend)
}
