import { type CustomRule, context, Node, primitive, Tensor, withContext } from '@tenon/tensor'
import { pullback } from './pullback.ts'

/**
 * `fn`, whose inside is computed once more on the way back instead of being kept for it: torch.utils.checkpoint. Of n layers in √n such
 * functions a step holds √n values of layers, for one more forward pass. What `fn` closes over, such as parameters, gets
 * its gradients too; dropout draws the same numbers both times; what it assigns is assigned once.
 */
export function checkpoint<Args extends readonly unknown[]>(fn: (...args: Args) => Tensor): (...args: Args) => Tensor {
  return (...args) => {
    const first = context.nextId
    const outside = (node: Node): boolean => node.id < first || node.op === 'variable'
    const y = withContext('transient', true, () => fn(...args)) // no step leaves its inside behind
    const ends = within(y.node, outside).filter(outside)
    return primitive('custom', [y, ...ends.map((node) => new Tensor(node))], { rule: recompute })
  }
}

/** What `root` is made of, oldest first, up to what is `outside`. */
function within(root: Node, outside: (node: Node) => boolean): Node[] {
  const found = new Set([root])
  for (const node of found) if (!outside(node)) for (const input of node.inputs) found.add(input)
  return [...found].sort((a, b) => a.id - b.id)
}

/** A copy of the graph from the inputs to y, and the way back through it. Ids order kernels: it runs when the gradient by y is there. */
const recompute: CustomRule = ({ dy, y, inputs }) => {
  const copies = new Map(inputs.map(({ node }) => [node, node]))
  const recomputed = Symbol('checkpoint')
  const copy = (node: Node): Node => {
    const own = { id: context.nextId++, inputs: node.inputs.map((x) => copies.get(x)!), attrs: { ...node.attrs, recomputed } }
    return Object.assign(Object.create(Node.prototype), node, own, { storage: null, kept: false })
  }
  const root = y.node.inputs[0]!
  const given = new Set(copies.keys())
  const isGiven = (node: Node): boolean => given.has(node)
  for (const node of within(root, isGiven)) {
    if (!isGiven(node)) copies.set(node, node.inputs.length > 0 ? copy(node) : node)
  }
  const { gradients } = pullback([new Tensor(copies.get(root)!)], [dy], isGiven, isGiven)
  return inputs.map(({ node }) => {
    const gradient = gradients.get(node)
    return gradient ? () => gradient : null
  })
}
