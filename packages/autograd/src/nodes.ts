/** What nodes are, in words and in identity. */
import { type LeafAttrs, type Node, showShape, type Variable } from '@tenon/tensor'

/** The Variable that a node reads, or null. */
export const variableOf = (node: Node): Variable | null =>
  node.op === 'variable' ? (node.attrs as LeafAttrs['variable']).state.variable : null

/** `mul float32 [64, 10]`, `"conv1.weight" float32 [16, 1, 3, 3]`: how errors call a value. */
export function describe(node: Node): string {
  let source = node
  while (source.op === 'reshape' && source.inputs[0]) source = source.inputs[0] // sum() ends in one
  const variable = variableOf(source)
  const names = {
    host: 'a tensor made of given values',
    const: 'a number',
    variable: variable?.name ? `"${variable.name}"` : 'a Variable',
    input: 'an argument',
  }
  const what = source.op in names ? names[source.op as keyof typeof names] : source.op
  return `${what} ${node.dtype} ${showShape(node.shape)}`
}
