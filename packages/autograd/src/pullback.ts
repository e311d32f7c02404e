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
  const rulesOf = new Map<Node, Rule | null>()
  const found = new Set(outputs.map((y) => y.node))
  for (const node of found) {
    // a Set shows, while it is walked, what is added to it
    const rule = stop(node) ? null : ruleOf(node)
    if (typeof rule === 'string') cuts.add(rule)
    rulesOf.set(node, typeof rule === 'function' ? rule : null)
    if (typeof rule === 'function') for (const input of node.inputs) if (isFloat(input.dtype)) found.add(input)
  }

  const nodes = [...found].sort((a, b) => a.id - b.id)
  const onPath = new Set<Node>()
  for (const node of nodes) {
    if (wanted(node) || (rulesOf.get(node) && node.inputs.some((input) => onPath.has(input)))) onPath.add(node)
  }

  const gradients = new Map<Node, Tensor>()
  const add = (node: Node, gradient: Tensor): void => {
    const sum = gradients.get(node)
    gradients.set(node, sum ? sum.add(gradient) : gradient)
  }
  outputs.forEach((output, i) => add(output.node, dys[i]!))
  for (const node of nodes.reverse()) {
    const dy = gradients.get(node)
    const rule = rulesOf.get(node)
    if (!wanted(node)) gradients.delete(node)
    if (dy && rule && node.inputs.some((input) => onPath.has(input))) passBack(node, dy, rule, (input) => onPath.has(input), add)
  }
  return { gradients, cuts }
}

/** Runs one rule, in the module that the op was called in, so that errors and anomalies on the way back name it. */
function passBack(
  node: Node,
  dy: Tensor,
  rule: Rule,
  onPath: (input: Node) => boolean,
  add: (input: Node, gradient: Tensor) => void,
): void {
  const firstId = context.nextId
  moduleScope(node.path, () => {
    const args = { dy, y: new Tensor(node), inputs: node.inputs.map((input) => new Tensor(input)), attrs: node.attrs }
    const thunks = rule(args as unknown as RuleArgs<PrimitiveName>)
    node.inputs.forEach((input, i) => {
      const gradient = onPath(input) ? thunks[i]?.() : null
      if (!gradient) return
      if (!sameShape(gradient.shape, input.shape) || gradient.dtype !== input.dtype) {
        const got = `${gradient.dtype} ${showShape(gradient.shape)}`
        throw new ShapeError(
          `The gradient rule of ${node.op} gave ${got} for its input ${i}, ${describe(input)}. This is a bug in the rule.`,
        )
      }
      noteOrigin(gradient.node, node, firstId)
      add(input, gradient)
    })
  })
}
