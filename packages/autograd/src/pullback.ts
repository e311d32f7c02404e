/**
 * From gradients of outputs to gradients of what they are made of: a graph-to-graph transformation, in one pass over the nodes from the
 * newest to the oldest. Ids rise with creation, so that order is topological; nothing recurses, so depth has no limit.
 */
import { type AttrsOf, isFloat, moduleScope, type Node, type PrimitiveName, ShapeError, Tensor } from '@tenon/tensor'
import { noteGradient } from './origin.ts'
import { type Gradients, notDifferentiable, type RuleArgs, rules } from './rules.ts'

type Rule = (args: RuleArgs<PrimitiveName>) => Gradients

/** The rule through which gradients pass a node, or why none does. */
function ruleOf(node: Node): Rule | string | null {
  if (!(node.op in rules)) return null // a leaf
  if (!node.tracked) return 'noGrad'
  if (node.inputs.length === 0) return `the value of ${node.op}, which was kept without its graph`
  const rule = rules[node.op as PrimitiveName]
  return rule === notDifferentiable ? node.op : (rule as unknown as Rule)
}

export interface Pullback {
  /** The gradient by each wanted node that an output depends on. */
  readonly gradients: ReadonlyMap<Node, Tensor>
  /** What cut paths on the way, for errors: `detach`, `noGrad`, ops without gradient. */
  readonly cuts: ReadonlySet<string>
}

/** Pulls the gradients `dys` of `outputs` back to every node that is wanted. Builds only what lies on a path between them. */
export function pullback(outputs: readonly Tensor[], dys: readonly Tensor[], wanted: (node: Node) => boolean): Pullback {
  const cuts = new Set<string>()
  const inputsOf = new Map<Node, readonly Node[]>()
  for (const { node } of outputs) inputsOf.set(node, [])
  for (const node of inputsOf.keys()) { // a Map shows, while it is walked, what is added to it
    const rule = ruleOf(node)
    if (typeof rule === 'string') cuts.add(rule)
    if (typeof rule !== 'function') continue
    const inputs = node.inputs.filter((input) => isFloat(input.dtype))
    inputsOf.set(node, inputs)
    for (const input of inputs) if (!inputsOf.has(input)) inputsOf.set(input, [])
  }

  const nodes = [...inputsOf.keys()].sort((a, b) => a.id - b.id)
  const onPath = new Set<Node>()
  for (const node of nodes) if (wanted(node) || inputsOf.get(node)!.some((input) => onPath.has(input))) onPath.add(node)

  const gradients = new Map<Node, Tensor>()
  const add = (node: Node, gradient: Tensor): void => {
    const sum = gradients.get(node)
    gradients.set(node, sum ? sum.add(gradient) : gradient)
  }
  outputs.forEach((output, i) => add(output.node, dys[i]!))

  for (const node of nodes.reverse()) {
    const dy = gradients.get(node)
    if (!dy || !onPath.has(node)) continue
    if (!wanted(node)) gradients.delete(node)
    if (inputsOf.get(node)!.length === 0) continue
    const rule = ruleOf(node) as Rule
    moduleScope(node.path, () => {
      const args = { dy, y: new Tensor(node), inputs: node.inputs.map((n) => new Tensor(n)), attrs: node.attrs }
      const thunks = rule(args as unknown as RuleArgs<PrimitiveName>)
      node.inputs.forEach((input, i) => {
        const gradient = onPath.has(input) && thunks[i]?.()
        if (!gradient) return
        checkGradient(node, input, gradient)
        noteGradient(gradient.node, node)
        add(input, gradient)
      })
    })
  }
  return { gradients, cuts }
}
