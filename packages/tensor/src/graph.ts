/** The part of the graph that a run needs, by position instead of by object: what plans are made from. */
import type { DType } from '@tenon/kernel'
import { capture } from './capture.ts'
import { JitError, StaleTensorError } from './errors.ts'
import { checkOwn, type LeafAttrs, type Node, type NodeName, operands } from './node.ts'
import { type Shape, showShape } from './shape.ts'
import { pendingValue, type VariableState } from './variable-state.ts'

/** One node of the snapshot. Leaves have no inputs. */
export interface Item {
  readonly op: NodeName
  readonly attrs: object
  readonly shape: Shape
  readonly size: number
  readonly dtype: DType
  readonly inputs: readonly number[]
  readonly leaf: boolean
  /** See `literalOf`. */
  readonly literal: number | null
}

/** The nodes that a run needs, by position; never held by a plan. */
export interface Graph {
  readonly nodes: readonly Node[]
  readonly position: (node: Node) => number
  /** Where the old value of a variable stands, if anything reads it. */
  readonly leafOf: (state: VariableState) => number | null
}

/** The node that a read stands for: a pending assign's value, or itself. */
export function resolve(node: Node): Node {
  checkOwn(node)
  while (node.op === 'variable' && !node.storage) {
    const { state, version } = node.attrs as LeafAttrs['variable']
    if (version === state.committed) return node
    const value = pendingValue(state, version)
    if (!value) {
      throw new StaleTensorError(
        `This tensor was computed from ${state.name ? `"${state.name}"` : `a variable of shape ${showShape(state.shape)}`} as it was before an assign, or a move to another backend, that has run since, ` +
          'and it was not kept. Read it, or call realize() on it, before what changes the variable; or call detach() on it, which keeps it.',
      )
    }
    node = value
  }
  if (node.storage || (node.op !== 'host' && node.op !== 'input' && !wasGradient(node))) return node
  if (node.op !== 'input')
    throw new StaleTensorError(
      'This value was left behind by a step, and another step has run since. Read it, or call detach() on it, before the next step.',
    )
  if (!capture.active)
    throw new JitError(
      'This tensor was made inside a jitted function, or the body of a scan, and exists only there. Return it from the function, and use what the call returns.',
    )
  return node
}

/** A gradient that the last step has computed, and that was dropped with it. */
const wasGradient = (node: Node): boolean => node.gradient !== null && node.inputs.length === 0 && node.op !== 'const'

export const isLeaf = (node: Node): boolean =>
  node.storage !== null || node.op === 'variable' || node.op === 'const' || node.op === 'host' || node.op === 'input'

let gathered = 0

/**
 * Everything that the roots need: inputs before their consumers, in the order of creation; but leaves where they are first used. A read of a
 * variable was made when somebody first asked for it, which is no part of what is computed: two steps with another order of assigns are equal.
 */
export function gather(roots: readonly Node[]): Graph {
  const number = ++gathered
  const inner: Node[] = []
  const stack = roots.map(resolve)
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.gathered === number) continue
    node.gathered = number
    node.position = -1
    if (isLeaf(node)) continue
    inner.push(node)
    for (const input of operands(node.op, node.inputs)) stack.push(resolve(input))
  }
  const nodes: Node[] = []
  const variables = new Map<VariableState, number>()
  const add = (node: Node): void => {
    if (node.op === 'variable') variables.set((node.attrs as LeafAttrs['variable']).state, nodes.length)
    node.position = nodes.push(node) - 1
  }
  for (const node of inner.sort((a, b) => a.id - b.id)) {
    for (const input of operands(node.op, node.inputs)) {
      const source = resolve(input)
      if (source.position < 0) add(source)
    }
    add(node)
  }
  for (const root of roots) if (resolve(root).position < 0) add(resolve(root))
  const position = (node: Node): number => {
    const source = resolve(node)
    return nodes[source.position] === source ? source.position : nodes.indexOf(source)
  }
  return { nodes, position, leafOf: (state) => variables.get(state) ?? null }
}

/** What a plan is made from. To be asked for while nothing has been gathered or computed since. */
export const itemsOf = ({ nodes }: Graph): Item[] =>
  nodes.map((node) => toItem(node, isLeaf(node), (input) => resolve(input).position, operands(node.op, node.inputs)))

/** A graph, and what a plan is made from. */
export function snapshot(roots: readonly Node[]): Graph & { readonly items: readonly Item[] } {
  const graph = gather(roots)
  return { ...graph, items: itemsOf(graph) }
}

export function toItem(node: Node, leaf: boolean, position: (input: Node) => number, inputs: readonly Node[] = node.inputs): Item {
  const { op, shape, size, dtype } = node
  return { op, attrs: leaf ? {} : node.attrs, shape, size, dtype, inputs: leaf ? [] : inputs.map(position), leaf, literal: literalOf(node) }
}

/** The value of a number that belongs to the program: 0, 1 or −1. */
function literalOf({ op, attrs }: Node): number | null {
  const value = op === 'const' ? (attrs as LeafAttrs['const']).value : null
  return value === 0 || value === 1 || value === -1 ? value : null
}

const leafKey = (op: NodeName, dtype: DType, shape: Shape, literal: number | null): string =>
  `${op === 'const' ? (Object.is(literal, -0) ? '-0' : (literal ?? '')) : 'L'}${dtype}${shape.join()}`

/** Equal for equal parts of graphs. The shapes and dtypes of all but leaves follow from those. */
export function itemKey({ op, attrs, shape, dtype, inputs, leaf, literal }: Item): string {
  return leaf ? leafKey(op, dtype, shape, literal) : `${op}(${inputs.join()})${JSON.stringify(attrs)}`
}

/** What tells its item from others, without making one: an eager step asks for that of each of its nodes. */
export function nodeKey(node: Node): string {
  const { op, attrs, shape, dtype } = node
  if (isLeaf(node)) return leafKey(op, dtype, shape, literalOf(node))
  let key: string = op
  for (const input of operands(op, node.inputs)) key += `,${resolve(input).position}`
  for (const _some in attrs) return key + JSON.stringify(attrs)
  return key // most have none
}
