/** Runs pending work: assigns, and what somebody wants to read. */
import {
  type Backend,
  type BufferHandle,
  dtypes,
  type Executable,
  isFloat,
  LruCache,
  type ProgramBuffer,
  type TypedArray,
  UnsupportedError,
} from '@tenon/kernel'
import { currentBackend } from './backends.ts'
import { capture } from './capture.ts'
import { reportRun } from './debug.ts'
import { JitError } from './errors.ts'
import { type Graph, gather, type Item, isLeaf, itemsOf, nodeKey, resolve } from './graph.ts'
import { checkOwn, context, hostNode, type LeafAttrs, makeNode, type Node, noInputs, withContext } from './node.ts'
import { type Plan, plan, type Request } from './plan.ts'
import type { CustomRule } from './primitives.ts'
import { beginRun, deviceBuffer, dropPassing, endRun, readNow, recovered, settle, settleEmpty, usesPassing } from './storage.ts'
import { advance, commit, pendingVariables, readOf, rollback, type VariableState } from './variable-state.ts'

/** Longer chains of pending work run by themselves. */
const depthLimit = 20_000
/** Values with a history that keep it, for a `backward` that may come; older ones are cut off from it. */
const historyLimit = 64
/** More values that somebody may ask for do not wait for the next run. */
const wantedLimit = 1024
const cachedPlans = 512

export interface Compiled {
  readonly plan: Plan
  readonly executable: Executable
  /** The program's external buffers. */
  readonly external: readonly ProgramBuffer[]
}

const caches = new WeakMap<Backend, LruCache<Compiled>>()
/** Values that the next run computes too, because somebody will ask after the step. */
let wanted: Node[] = []
const withHistory: Node[] = []
/** Counts for tests and `TENON_DEBUG`: plans made, and programs run. */
export const counters: { plans: number; runs: number } = { plans: 0, runs: 0 }

/** This value survives the next step, though its variables change. */
export function keep(node: Node): void {
  checkOwn(node)
  if (node.kept || node.storage) return
  node.kept = true
  if (capture.active) return
  wanted.push(node)
  if (wanted.length > wantedLimit) realizeNodes([])
}

/** Shown the roots of every run before it, those of assigns included: how `detectAnomaly` looks at all that is computed. */
export const inspector: { beforeRun: ((roots: readonly Node[]) => void) | null } = { beforeRun: null }

/** Computes these values, but runs no assign: for looking at what a run is about to compute. */
export const computeAside = (nodes: readonly Node[]): void => runAll(nodes, [])

/** Computes these values, and runs every pending assign, in one program. */
export function realizeNodes(roots: readonly Node[]): void {
  if (capture.active) return
  if (wanted.length === 0 && pendingVariables.length === 0 && roots.every((node) => node.storage)) return
  const all = [...roots, ...wanted]
  wanted = []
  try {
    inspector.beforeRun?.([...all, ...pendingVariables.map(readOf)])
    runAll(all, pendingVariables)
  } catch (reason) {
    rollback(pendingVariables.filter((state) => state.memory.buffer)) // what failed, or was refused, will not happen later
    throw reason
  }
}

/** Gives a variable that is made while a function is captured its first value: once, and not at every call. */
export function initialize(state: VariableState): void {
  if (!capture.active) return
  capture.active = false
  try {
    runOn(state.backend, [], [state])
  } finally {
    capture.active = true
  }
}

const backendOf = (node: Node): Backend => node.backend ?? currentBackend()

function runAll(roots: readonly Node[], variables: readonly VariableState[]): void {
  for (const backend of new Set([...roots.map(backendOf), ...variables.map((v) => v.backend)])) {
    const [own, assigned] = [roots.filter((node) => backendOf(node) === backend), variables.filter((v) => v.backend === backend)]
    runOn(backend, own, assigned)
  }
}

function runOn(backend: Backend, roots: readonly Node[], variables: readonly VariableState[]): void {
  const results = new Set<Node>()
  for (const root of roots) {
    const node = resolve(root)
    if (node.size === 0 && !node.storage) settleEmpty(node)
    else if (!isLeaf(node)) results.add(node)
  }
  const { computed, written } = assignments(variables, results)
  const targets = [...results, ...computed.map(([, node]) => node)]
  if (targets.length > 0) {
    const graph = gather(targets)
    const requests = [
      ...[...results].map((node): Request => ({ position: graph.position(node), over: null })),
      ...computed.map(([state, node]): Request => ({ position: graph.position(node), over: graph.leafOf(state) })),
    ]
    // Other assigns (a generator's counter, running statistics) may run between a loss and its backward
    const isStep = variables.some((v) => v.requiresGrad && v.memory.buffer) // and not a first value
    const assigned = computed.map(([state]) => state)
    execute(backend, graph, requests, [...results], assigned, isStep)
  }
  for (const [state, data] of written) {
    state.memory.buffer ??= backend.allocate(state.dtype, data.length)
    backend.write(state.memory.buffer, data)
  }
  commit(variables)
}

/** The pending assigns: values that a program computes, each a node of its own, and values that are only written. */
function assignments(
  variables: readonly VariableState[],
  results: ReadonlySet<Node>,
): { computed: [VariableState, Node][]; written: [VariableState, TypedArray][] } {
  const computed: [VariableState, Node][] = []
  const written: [VariableState, TypedArray][] = []
  const taken = new Set(results)
  for (const state of variables) {
    const value = resolve(state.pending.at(-1)!)
    const host =
      value.storage?.host ?? (value.op === 'const' ? constant(value) : null) ?? (value.size === 0 ? new dtypes[value.dtype].array(0) : null)
    if (host) written.push([state, host])
    else computed.push([state, ownNode(value, taken)])
  }
  return { computed, written }
}

/** The node itself where a kernel will compute it for one taker; otherwise a copy. */
export function ownNode(value: Node, taken: Set<Node>): Node {
  const own = isLeaf(value) || taken.has(value) ? withContext('transient', true, () => makeNode('detach', [value], {})) : value
  taken.add(own)
  return own
}

const constant = (node: Node): TypedArray => new dtypes[node.dtype].array(1).fill((node.attrs as LeafAttrs['const']).value)

/** Runs a captured program; the buffers of its results come back, to be settled before `endRun`. */
export function replay(
  backend: Backend,
  compiled: Compiled,
  inputs: readonly Node[],
  leaf: (position: number) => Node,
  scalars: readonly number[],
  variables: readonly VariableState[],
  results: number,
): BufferHandle[] {
  beginRun()
  const reuses = usesPassing(inputs)
  const isStep = variables.some((v) => v.requiresGrad)
  if (!reuses) dropPassing(isStep)
  const outcome = launch(backend, compiled, leaf, scalars, (i) => (i < results ? null : variables[i - results]!))
  if (reuses) dropPassing(isStep)
  for (const state of variables) advance(state)
  if (variables.length > 0) cutHistory(0)
  return outcome
}

function execute(
  backend: Backend,
  graph: Graph,
  requests: readonly Request[],
  results: readonly Node[],
  variables: readonly VariableState[],
  isStep: boolean,
): void {
  beginRun()
  const reuses = usesPassing(graph.nodes)
  const compiled = compile(backend, graph, requests, !reuses || isStep)
  const replaces = compiled.plan.passing.length > 0 || isStep
  if (replaces && !reuses) dropPassing(isStep)
  const leaf = (position: number): Node => graph.nodes[position]!
  const target = (i: number): VariableState | null => (i < results.length ? null : variables[i - results.length]!)
  const outcome = launch(backend, compiled, leaf, scalarsOf(compiled, graph), target)
  if (replaces && reuses) dropPassing(isStep)
  results.forEach((node, i) => {
    if (isStep && node.gradient) {
      settle(node, backend, outcome[i]!, true)
      node.inputs = noInputs
    } else settleResult(node, backend, outcome[i]!)
  })
  compiled.plan.passing.forEach((position, i) => settle(graph.nodes[position]!, backend, outcome[requests.length + i]!, true))
  if (isStep) cutHistory(0)
  endRun()
}

function settleResult(node: Node, backend: Backend, buffer: BufferHandle): void {
  settle(node, backend, buffer, false)
  // Gradients flow through floats alone
  if (!node.tracked || !isFloat(node.dtype) || !hasHistory(node)) node.inputs = noInputs
  else withHistory.push(node)
  cutHistory(historyLimit)
}

const hasHistory = (node: Node): boolean => node.inputs.length > 0

/** Lets go of the recipes of all but the last `count` values that have been computed to stay. */
function cutHistory(count: number): void {
  while (withHistory.length > count) withHistory.shift()!.inputs = noInputs
}

/** The plan of a graph, from the cache where an equal one was run before. `keeps` says whether it may leave values behind in passing. */
export function compile(backend: Backend, graph: Graph, requests: readonly Request[], keeps: boolean): Compiled {
  let cache = caches.get(backend)
  if (!cache) caches.set(backend, (cache = new LruCache(cachedPlans)))
  let key = String(keeps)
  for (const { position, over } of requests) key += `,${position}>${over}`
  for (const node of graph.nodes) key += `${node.transient ? ';' : ';:'}${nodeKey(node)}`
  const known = cache.get(key)
  if (known) return known
  counters.plans += 1
  const items = itemsOf(graph)
  checkDTypes(backend, items)
  const made = plan(items, requests, backend.capabilities, (i) => keeps && !graph.nodes[i]!.transient)
  const external = made.program.buffers.filter(({ role }) => role === 'external')
  const compiled = { plan: made, executable: backend.compile(made.program), external }
  cache.set(key, compiled)
  return compiled
}

function checkDTypes(backend: Backend, items: readonly Item[]): void {
  const { dtypes: known } = backend.capabilities
  const item = items.find(({ dtype }) => !known.includes(dtype))
  if (item) {
    throw new UnsupportedError(
      `${backend.name} has no ${item.dtype} (it has ${known.join(', ')}); cast with x.cast(dtype), or compute this on another backend: await useBackend(cpu())`,
    )
  }
}

/** The numbers that a program takes. */
export const scalarsOf = ({ plan }: Compiled, { nodes }: Graph): number[] =>
  plan.scalars.map((position) => (nodes[position]!.attrs as LeafAttrs['const']).value)

/**
 * Binds and runs a program. `leaf` gives the node at a position, `target` the variable that a result is assigned to; the buffers
 * of the results come back in order. A variable whose value was not written in place takes the new buffer.
 */
export function launch(
  backend: Backend,
  { plan: made, executable, external }: Compiled,
  leaf: (position: number) => Node,
  scalars: readonly number[],
  target: (result: number) => VariableState | null,
): BufferHandle[] {
  const { bindings, inPlace, passing } = made
  /** Those that are new. */
  const outcome = new Array<BufferHandle>(inPlace.length + passing.length)
  try {
    const buffers = bindings.map((binding, i) => {
      if ('leaf' in binding) return deviceBuffer(leaf(binding.leaf), backend)
      const { dtype, length } = external[i]!
      const buffer = backend.allocate(dtype, length)
      outcome[binding.result] = buffer
      return buffer
    })
    reportRun(backend, made, executable, buffers, scalars)
  } catch (reason) {
    for (const buffer of outcome) if (buffer) backend.free(buffer)
    throw reason
  }
  counters.runs += 1
  for (let i = 0; i < inPlace.length; i++) {
    const state = target(i)
    if (!state || inPlace[i]) continue
    if (state.memory.buffer) backend.free(state.memory.buffer)
    state.memory.buffer = outcome[i]!
  }
  return outcome
}

// ── reading ──

/** The value in memory: computed if need be. */
function computed(node: Node): Node {
  if (capture.active) {
    throw new JitError(
      'A value was read inside a jitted function, or the body of a scan, where nothing has been computed yet. Return the tensor and read it outside; what depends on it can be a where().',
    )
  }
  const variableOrPending = node.op === 'variable' && !node.storage ? node : null
  if (variableOrPending) {
    const { state, version } = node.attrs as LeafAttrs['variable']
    if (version !== state.committed && version === state.latest) realizeNodes([])
  }
  const found = resolve(node)
  if (!found.storage && found.op !== 'variable' && found.op !== 'const') realizeNodes([found])
  return found
}

function inMemory(node: Node): { host: TypedArray } | { backend: Backend; buffer: BufferHandle } {
  if (node.op === 'const' && !node.storage) return { host: constant(node) }
  if (node.op === 'variable' && !node.storage) {
    const { state } = node.attrs as LeafAttrs['variable']
    return { backend: state.backend, buffer: state.memory.buffer! }
  }
  const { host, device } = recovered(node)
  return host ? { host } : device!
}

export function readNodeSync(node: Node): TypedArray {
  const found = computed(node)
  const value = inMemory(found)
  if ('host' in value) return value.host.slice()
  return remember(found, readNow(value.backend, value.buffer))
}

export async function readNode(node: Node): Promise<TypedArray> {
  const found = computed(node)
  const value = inMemory(found)
  if ('host' in value) return value.host.slice()
  return remember(found, await value.backend.read(value.buffer))
}

/** Keeps what was read, so that the device's copy may go. */
function remember(node: Node, data: TypedArray): TypedArray {
  if (!node.storage || node.storage.passing) return data
  node.storage.host = data
  return data.slice()
}

export const canReadSync = (node: Node): boolean => !capture.active && backendOf(node).readSync !== undefined

/** The same values as a leaf of another backend, with a way back for gradients: they are moved in turn. */
export function moveNode(node: Node, backend: Backend): Node {
  if (node.backend === backend) return node
  const leaf = hostNode(readToMove(node, backend), node.shape, node.dtype, backend)
  if (!context.tracking || !isFloat(node.dtype)) return leaf
  const rule: CustomRule = ({ dy, inputs: [x] }) => [() => dy.to(x!.node.backend ?? currentBackend())]
  const moved = makeNode('custom', [leaf, node], { rule })
  moved.storage = leaf.storage
  withHistory.push(moved)
  cutHistory(historyLimit)
  return moved
}

function readToMove(node: Node, backend: Backend): TypedArray {
  const value = inMemory(computed(node))
  if ('host' in value || value.backend.readSync) return readNodeSync(node)
  throw new UnsupportedError(
    `x.to(${backend.name}): ${value.backend.name} can only be read asynchronously. Await x.data() first, and x can move; a Variable moves with moveVariables`,
  )
}

/** A long chain of pending work runs before it grows further. */
export function guardDepth(node: Node): void {
  if (node.depth > depthLimit && !capture.active) realizeNodes([node])
}
context.onNode = guardDepth
