import {
  AnomalyError,
  computeAside,
  context,
  currentBackend,
  inspector,
  isFloat,
  isnan,
  type Node,
  setCallSites,
  snapshot,
  Tensor,
  UnsupportedError,
  withContext,
} from '@tenon/tensor'
import { callSite } from './call-site.ts'
import { describe, variableOf } from './nodes.ts'
import { originOf } from './origin.ts'

type Graph = ReturnType<typeof snapshot>

let depth = 0
let stackTraceLimit: number | undefined
/** Checks that wait for a backend that can only be read asynchronously. */
let pending: (() => Promise<void>)[] = []

/**
 * Runs `fn` and looks for NaN in everything that is computed meanwhile: forward, on the way back and in the optimizer's
 * step. The first op that made one of a result that somebody asked for is named, with the stack of the line that called
 * it and the module it was called in: torch.autograd.detect_anomaly, for the way forward too. A NaN that came in with
 * the data, or lay in a Variable, is named as that; one that `where` left out of the results is none.
 *
 *     await detectAnomaly(async () => { for (const batch of batches) await step(batch) })
 *
 * Slow: every value is looked at, and jitted functions run op by op. Where `fn` is async, until its promise settles.
 *
 * @throws AnomalyError at the read, `realize` or step that would compute the NaN, whose pending assigns are then
 *   dropped; on a backend that can only be read asynchronously, when `fn` has ended, after them
 * @throws UnsupportedError if `fn` is not async on such a backend
 */
export function detectAnomaly<T>(fn: () => T): T {
  begin()
  let result: T
  try {
    result = fn()
    if (!(result instanceof Promise) && pending.length > 0) {
      throw new UnsupportedError('detectAnomaly: this backend can only be read asynchronously; pass an async function, and await the call')
    }
  } catch (reason) {
    end()
    throw reason
  }
  if (result instanceof Promise) return finish(result) as T
  end()
  return result
}

async function finish<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } finally {
    try {
      for (const check of pending.splice(0)) await check() // a NaN explains what `fn` may have thrown
    } finally {
      end()
    }
  }
}

/** Node and Chromium cut stacks at this length; other engines have no such field. */
const engine = Error as { stackTraceLimit?: number }

function begin(): void {
  if (depth++ > 0) return
  stackTraceLimit = engine.stackTraceLimit
  engine.stackTraceLimit = 50
  setCallSites(true)
  inspector.beforeRun = inspect
}

function end(): void {
  if (--depth > 0) return
  if (stackTraceLimit !== undefined) engine.stackTraceLimit = stackTraceLimit
  setCallSites(false)
  inspector.beforeRun = null
  pending = []
}

/** Looks at all that a run is about to compute, in a run of its own, so that no assign has happened when it throws. */
function inspect(roots: readonly Node[]): void {
  inspector.beforeRun = null
  context.callSites = false
  try {
    const graph = snapshot(roots)
    const floats = graph.nodes.map((node, i) => ({ node, i })).filter(({ node }) => isFloat(node.dtype) && node.size > 0)
    const flags = withContext('tracking', false, () => floats.map(({ node }) => isnan(new Tensor(node)).any()))
    computeAside(flags.map((flag) => flag.node))
    const check = (values: readonly ArrayLike<number>[]): void => {
      const nan = new Set(floats.filter((_, k) => values[k]![0]).map(({ i }) => i))
      const error = explain(graph, roots.map(graph.position), nan)
      if (error) throw error
    }
    if (flags.every(({ node }) => (node.backend ?? currentBackend()).readSync)) check(flags.map((flag) => flag.dataSync()))
    else pending.push(async () => check(await Promise.all(flags.map((flag) => flag.data()))))
  } finally {
    inspector.beforeRun = inspect
    context.callSites = true
  }
}

/** The oldest NaN that a NaN among the roots comes from, in words; null if no root has any. */
function explain(graph: Graph, roots: readonly number[], nan: ReadonlySet<number>): AnomalyError | null {
  const reached = new Set(roots.filter((root) => nan.has(root)))
  for (const i of reached) for (const input of graph.items[i]!.inputs) if (nan.has(input)) reached.add(input)
  if (reached.size === 0) return null
  const first = Math.min(...reached)
  const node = graph.nodes[first]!
  if (!graph.items[first]!.leaf) return new AnomalyError(made(node))
  // the op that was called with it, past the movement that broadcasting puts in between
  const moves = new Set<string>(['reshape', 'expand', 'cast'])
  const users = [...reached].filter((i) => i !== first && !moves.has(graph.items[i]!.op)).sort((a, b) => a - b)
  return new AnomalyError(cameIn(node, users.length > 0 ? graph.nodes[users[0]!]! : null))
}

const module = (node: Node): string => (node.path ? ` in module ${node.path}` : '')

function made(node: Node): string {
  const source = originOf(node)
  const what = `${describe(node)}${module(node)}, made of inputs without NaN`
  if (!source) return `NaN first appears in ${what}. It was called here:\n${callSite(node.stack)}`
  return (
    `NaN first appears on the way back, in the gradient of ${describe(source)}${module(source)}: in ${what}. ` +
    `The forward op was called here:\n${callSite((originOf(source) ?? source).stack)}`
  )
}

function cameIn(node: Node, user: Node | null): string {
  const given = node.op === 'const' || node.op === 'host' || variableOf(node)
  const what = given ? `NaN comes in with ${describe(node)}` : `NaN was there before: in ${describe(node)}`
  return user ? `${what}; it is first used by ${describe(user)}${module(user)}, called here:\n${callSite(user.stack)}` : `${what}.`
}
