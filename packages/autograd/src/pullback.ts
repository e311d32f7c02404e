/**
 * From gradients of outputs to gradients of what they are made of: a graph-to-graph transformation, in one pass over
 * the nodes from the newest to the oldest. Ids rise with creation, so that order is topological; nothing recurses, so
 * depth has no limit.
 */
import { context, isFloat, moduleScope, type Node, type PrimitiveName, ShapeError, sameShape, showShape, Tensor } from '@tenon/tensor'
import { describe } from './nodes.ts'
import { noteOrigin } from './origin.ts'
import { type Gradients, notDifferentiable, type RuleArgs, rules } from './rules.ts'

type Rule = (args: RuleArgs<PrimitiveName>) => Gradients

/** The rule by which gradients pass a node; or, in words, why none does; null for leaves. */
function ruleOf(node: Node): Rule | string | null {
  if (!(node.op in rules)) return null
  if (!node.tracked) return `noGrad (${describe(node)})`
  const rule = rules[node.op as PrimitiveName]
  if (rule === notDifferentiable) return describe(node)
  if (node.inputs.length === 0)
    return `a step or many reads after ${describe(node)} was computed, which let go of how: call backward before them`
  return rule as unknown as Rule
}

/** What is known of a node: the rule that leads on towards what is wanted, whether it is on the way, and the sum of its gradients so far. */
interface Place {
  rule: Rule | null
  onPath: boolean
  gradient: Tensor | null
}

export interface Pullback {
  /** The gradient by each wanted node that an output depends on. */
  readonly gradients: ReadonlyMap<Node, Tensor>
  /** What cut paths on the way, in words. */
  readonly cuts: ReadonlySet<string>
}

/**
 * Pulls the gradients `dys` of `outputs` back to every node that is wanted. Builds only what lies on a path between
 * them. Nodes at which it is to `stop` are not looked behind.
 */
export function pullback(
  outputs: readonly Tensor[],
  dys: readonly Tensor[],
  wanted: (node: Node) => boolean,
  stop: (node: Node) => boolean = () => false,
): Pullback {
  const cuts = new Set<string>()
  const places = new Map<Node, Place>()
  const nodes: Node[] = []
  const find = (node: Node): Place => {
    let place = places.get(node)
    if (!place) {
      places.set(node, (place = { rule: null, onPath: false, gradient: null }))
      nodes.push(node)
    }
    return place
  }
  for (const y of outputs) find(y.node)
  for (const node of nodes) {
    // an array shows, while it is walked, what is added to it
    const rule = stop(node) ? null : ruleOf(node)
    if (typeof rule === 'string') cuts.add(rule)
    if (typeof rule !== 'function') continue
    find(node).rule = rule
    for (const input of node.inputs) if (isFloat(input.dtype)) find(input)
  }

  const leads = (input: Node): boolean => places.get(input)?.onPath === true
  nodes.sort((a, b) => a.id - b.id)
  for (const node of nodes) {
    const place = find(node)
    if (place.rule && !node.inputs.some(leads)) place.rule = null
    place.onPath = place.rule !== null || wanted(node)
  }

  const gradients = new Map<Node, Tensor>()
  const add = (place: Place, gradient: Tensor): void => {
    place.gradient = place.gradient ? place.gradient.add(gradient) : gradient
  }
  outputs.forEach((y, i) => add(find(y.node), dys[i]!))
  for (const node of nodes.reverse()) {
    const { rule, gradient } = find(node)
    if (!gradient) continue
    if (wanted(node)) gradients.set(node, gradient)
    if (rule) passBack(node, gradient, rule, (input) => (leads(input) ? find(input) : null), add)
  }
  return { gradients, cuts }
}

/** Runs one rule, in the module that the op was called in, so that errors and anomalies on the way back name it. */
function passBack(
  node: Node,
  dy: Tensor,
  rule: Rule,
  place: (input: Node) => Place | null,
  add: (place: Place, gradient: Tensor) => void,
): void {
  const firstId = context.nextId
  moduleScope(node.path, () => {
    const args = { dy, y: new Tensor(node), inputs: node.inputs.map((input) => new Tensor(input)), attrs: node.attrs }
    const thunks = rule(args as unknown as RuleArgs<PrimitiveName>)
    node.inputs.forEach((input, i) => {
      const to = place(input)
      const gradient = to && thunks[i]?.()
      if (!gradient) return
      if (!sameShape(gradient.shape, input.shape) || gradient.dtype !== input.dtype) {
        const got = `${gradient.dtype} ${showShape(gradient.shape)}`
        throw new ShapeError(
          `The gradient rule of ${node.op} gave ${got} for its input ${i}, ${describe(input)}. This is a bug in the rule.`,
        )
      }
      noteOrigin(gradient.node, node, firstId)
      add(to, gradient)
    })
  })
}
