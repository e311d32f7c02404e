/** What nodes are, in words and in identity. */
import { type LeafAttrs, type Node, showShape, type Variable } from '@tenon/tensor'

/** The Variable that a node reads, or null. */
export const variableOf = (node: Node): Variable | null =>
  node.op === 'variable' ? (node.attrs as LeafAttrs['variable']).state.variable : null

/** `mul float32 [64, 10]`, `"conv1.weight" float32 [16, 1, 3, 3]`: how errors call a value. */
export function describe(node: Node): string {
  const variable = variableOf(node)
  const what = variable ? (variable.name ? `"${variable.name}"` : 'a Variable') : node.op === 'host' ? 'a tensor made of given values' : node.op
  return `${what} ${node.dtype} ${showShape(node.shape)}`
}
