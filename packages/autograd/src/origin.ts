/**
 * Which op a node is the gradient of: written down while `detectAnomaly` looks, so that it can name the line that the
 * way back came from.
 */
import { context, type Node } from '@tenon/tensor'

const origins = new WeakMap<Node, Node>()

/** The op whose gradient rule made this node, if one did. */
export const originOf = (node: Node): Node | undefined => origins.get(node)

/** Marks what the rule of `of` made for `gradient`: the nodes below it with ids from `firstId` on. */
export function noteOrigin(gradient: Node, of: Node, firstId: number): void {
  if (!context.callSites) return
  const stack = [gradient]
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (node.id < firstId || origins.has(node)) continue
    origins.set(node, of)
    stack.push(...node.inputs)
  }
}
