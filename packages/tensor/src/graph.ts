/**
 * A snapshot of the part of the graph that a run needs, by position instead of by object: what plans are made from and cached
 * under. Two steps of a training loop give equal keys, so the second one only binds buffers.
 */
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
  /** A number literal whose value belongs to the program: 0, 1 or −1. */
  readonly literal: number | null
}

export interface Graph {
  readonly items: readonly Item[]
  /** The nodes, by the same positions; never held by a plan. */
  readonly nodes: readonly Node[]
  readonly position: (node: Node) => number
  /** Where the old value of a variable stands, if anything reads it. */
  readonly leafOf: (state: VariableState) => number | null
  readonly key: string
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

let snapshots = 0

/**
 * Everything that the roots need: inputs before their consumers, in the order of creation; but leaves where they are first used. A read of a
 * variable was made when it was last assigned, which is no part of what is computed: two steps with another order of assigns are equal.
 */
export function snapshot(roots: readonly Node[]): Graph {
  const number = ++snapshots
  const found: Node[] = []
  const stack = roots.map(resolve)
  while (stack.length > 0) {
    const node = stack.pop()!
    if (node.snapshot === number) continue
    node.snapshot = number
    node.position = -1
    found.push(node)
    if (!isLeaf(node)) for (const input of operands(node.op, node.inputs)) stack.push(resolve(input))
  }

  const nodes: Node[] = []
  const items: Item[] = []
  const variables = new Map<VariableState, number>()
  const add = (node: Node, leaf: boolean): void => {
    if (node.position >= 0) return
    items.push(toItem(node, leaf, (input) => resolve(input).position, operands(node.op, node.inputs)))
    if (node.op === 'variable') variables.set((node.attrs as LeafAttrs['variable']).state, nodes.length)
    node.position = nodes.push(node) - 1
  }
  for (const node of found.filter((n) => !isLeaf(n)).sort((a, b) => a.id - b.id)) {
    for (const input of operands(node.op, node.inputs)) {
      const source = resolve(input)
      if (isLeaf(source)) add(source, true)
    }
    add(node, false)
  }
  for (const node of found) add(node, isLeaf(node))
  const position = (node: Node): number => {
    const source = resolve(node)
    return nodes[source.position] === source ? source.position : nodes.indexOf(source)
  }
  return { items, nodes, position, leafOf: (state) => variables.get(state) ?? null, key: items.map(itemKey).join(';') }
}

export function toItem(node: Node, leaf: boolean, position: (input: Node) => number, inputs: readonly Node[] = node.inputs): Item {
  const { op, shape, size, dtype } = node
  const value = op === 'const' ? (node.attrs as LeafAttrs['const']).value : null
  const literal = value === 0 || value === 1 || value === -1 ? value : null
  return { op, attrs: leaf ? {} : node.attrs, shape, size, dtype, inputs: leaf ? [] : inputs.map(position), leaf, literal }
}

/** The shapes and dtypes of all but leaves follow from those. */
export function itemKey({ op, attrs, shape, dtype, inputs, leaf, literal }: Item): string {
  if (leaf) return op === 'const' ? `${dtype}${Object.is(literal, -0) ? '-0' : (literal ?? '')}` : `L${dtype}${shape.join()}`
  return `${op}(${inputs.join()})${Object.keys(attrs).length === 0 ? '' : JSON.stringify(attrs)}`
}
